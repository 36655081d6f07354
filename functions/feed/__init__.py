"""What people do with their feed: steer it, read it, and say what was shown."""
