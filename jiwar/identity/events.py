"""What happens to people, nodes and keys, in the past tense; sent inside the transaction that changes them.

`identity` is the lowest room and cannot write to the ledger itself: `audit` listens and appends the leaf in the same
transaction. Each event carries `by` (id of the acting person, or "system"), `subject` and `detail` (a JSON object).
"""

from django.dispatch import Signal

agency_added = Signal()
person_added = Signal()
person_changed = Signal()
password_changed = Signal()
second_factor_changed = Signal()
certificate_taken = Signal()
node_added = Signal()
node_key_revoked = Signal()
officer_key_made = Signal()
own_certificate_installed = Signal()
own_keys_made = Signal()
own_keys_rotated = Signal()
revocations_taken = Signal()
root_believed = Signal()
root_disputed = Signal()
root_read = Signal()
token_made = Signal()
token_revoked = Signal()
