enum UpkeepPlaceholder {}
