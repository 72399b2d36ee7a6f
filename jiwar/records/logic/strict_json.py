"""The former place of `jiwar.strict_json`, for the callers that have not moved yet."""

from jiwar.strict_json import JsonRefused, canonical, parse

__all__ = ["JsonRefused", "canonical", "parse"]
