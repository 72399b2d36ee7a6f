"""Jiwar: the software of the Tripoli Action Plan."""

__version__ = "0.1.0"
