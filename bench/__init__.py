"""Measurements, side by side in one sitting; nothing here is a test."""
