"""Measurements that run the contenders in turn, in one sitting. Nothing here is a test."""
