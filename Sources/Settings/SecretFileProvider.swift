import Configuration

/// Gives a setting `X` the content of the file that the variable `X_FILE` names.
///
/// The way in which Docker and Kubernetes hand out secrets; works for every setting. One line end
/// at the end of the file does not count.
struct SecretFileProvider: ConfigProvider, ConfigSnapshot {
    /// A secret or setting that is longer is none.
    static let bytesMax = 64 * 1024

    let providerName: String

    /// The contents that were read at start, by the name of the setting.
    private let contents: [String: String]

    /// Reads every file that a variable of `names` with `_FILE` at its end points to.
    ///
    /// - Parameters:
    ///   - names: The settings to look for.
    ///   - variables: One place's variables, such as the environment's.
    ///   - folder: What relative paths start from.
    ///   - providerName: Where the variables stand, for people.
    /// - Throws: `SettingsError` with every file that cannot be read.
    init(
        names: [SettingName],
        variables: [String: String],
        folder: String,
        providerName: String
    ) throws(SettingsError) {
        var contents: [String: String] = [:]
        var problems: [SettingProblem] = []
        for name in names {
            guard let path = variables[name.rawValue + "_FILE"], !path.isEmpty else { continue }
            let absolute = SettingsPath.absolute(path, in: folder)
            do {
                var text = try SettingsFile.text(atPath: absolute, bytesMax: Self.bytesMax)
                if text.last?.isNewline == true { text.removeLast() }
                contents[name.rawValue] = text
            } catch {
                problems.append(.unreadable(name, path: path, reason: error.reason))
            }
        }
        guard problems.isEmpty else { throw SettingsError(problems: problems) }
        self.contents = contents
        self.providerName = providerName
    }

    func value(forKey key: AbsoluteConfigKey, type: ConfigType) throws -> LookupResult {
        let name = key.components.joined(separator: "_").uppercased()
        // Only texts are asked for: `Settings` parses them itself, for the sake of its errors.
        return LookupResult(
            encodedKey: name + "_FILE",
            value: contents[name].map { ConfigValue(.string($0), isSecret: true) }
        )
    }

    func fetchValue(forKey key: AbsoluteConfigKey, type: ConfigType) async throws -> LookupResult {
        try value(forKey: key, type: type)
    }

    func watchValue<Return: ~Copyable>(
        forKey key: AbsoluteConfigKey,
        type: ConfigType,
        updatesHandler: (
            _ updates: ConfigUpdatesAsyncSequence<Result<LookupResult, any Error>, Never>
        ) async throws -> Return
    ) async throws -> Return {
        try await watchValueFromValue(forKey: key, type: type, updatesHandler: updatesHandler)
    }

    func snapshot() -> any ConfigSnapshot { self }

    func watchSnapshot<Return: ~Copyable>(
        updatesHandler: (
            _ updates: ConfigUpdatesAsyncSequence<any ConfigSnapshot, Never>
        ) async throws -> Return
    ) async throws -> Return {
        try await watchSnapshotFromSnapshot(updatesHandler: updatesHandler)
    }
}
