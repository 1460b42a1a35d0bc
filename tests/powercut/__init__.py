"""Power cuts, replayed at the level of the disk's blocks."""
