"""Pictures from files: opening, turning, and resizing them; Pillow is imported where one is read."""
