"""`latebloom sweep show`."""
