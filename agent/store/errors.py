"""What the store raises."""


class StoreError(Exception):
    """The store can't be used: a sentence on what is wrong, and one on what to do."""
