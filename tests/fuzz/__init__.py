"""Every reader of outside bytes, fed by a fuzzer that follows what it covers: `python -m tests.fuzz --runs 100000`."""
