extension JobKind {
    /// What is wrong with a payload as arguments of this kind; nil when it can be read.
    package func problem(inArguments payload: [UInt8]) -> String? {
        do throws(ArgumentsError) {
            switch self {
            case .sync: _ = try SyncArguments(payload: payload)
            case .attribution: _ = try AttributionArguments(payload: payload)
            case .conversion: _ = try ConversionArguments(payload: payload)
            case .export: _ = try ExportArguments(payload: payload)
            case .upkeep: _ = try UpkeepArguments(payload: payload)
            }
            return nil
        } catch {
            return error.line
        }
    }
}
