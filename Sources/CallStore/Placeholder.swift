enum CallStorePlaceholder {}
