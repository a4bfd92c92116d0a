enum AttributionPlaceholder {}
