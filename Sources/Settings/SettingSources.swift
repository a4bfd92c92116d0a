import Configuration
import Foundation

/// The places that settings come from, the first that has one wins.
///
/// The environment, then `.env.local`, then `.env`; in each of them `X`, or the file that `X_FILE`
/// names. An empty value counts as not set, and hides what a later place says: so
/// `ELEVENLABS_API_KEY= ringback up` starts the simulator whatever `.env` says.
struct SettingSources {
    private struct Layer {
        let origin: SettingOrigin
        let variables: [String: String]
        let values: ConfigReader
        let files: ConfigReader
    }

    private let layers: [Layer]

    init(environment: [String: String], folder: String) throws(SettingsError) {
        var layers: [Layer] = []
        var problems: [SettingProblem] = []
        let places: [(SettingOrigin, [String: String]?)] = [
            (.environment, environment),
            (.environmentFile(name: ".env.local"), nil),
            (.environmentFile(name: ".env"), nil),
        ]
        for (origin, known) in places {
            do throws(SettingsError) {
                let variables: [String: String]
                if let known {
                    variables = known
                } else {
                    variables = try EnvironmentFile.variables(
                        of: origin.description,
                        in: folder
                    )
                }
                layers.append(try Self.layer(origin, variables, folder: folder))
            } catch {
                problems += error.problems
            }
        }
        guard problems.isEmpty else { throw SettingsError(problems: problems) }
        self.layers = layers
    }

    private static func layer(
        _ origin: SettingOrigin,
        _ variables: [String: String],
        folder: String
    ) throws(SettingsError) -> Layer {
        let doubled = SettingName.allCases.filter { name in
            variables[name.rawValue]?.isEmpty == false
                && variables[name.rawValue + "_FILE"]?.isEmpty == false
        }
        guard doubled.isEmpty else {
            throw SettingsError(problems: doubled.map { .given($0, twiceIn: origin) })
        }
        let files = try SecretFileProvider(
            names: SettingName.allCases,
            variables: variables,
            folder: folder,
            providerName: "files named in \(origin)"
        )
        let secrets = Set(SettingName.allCases.filter(\.facts.isSecret).map(\.rawValue))
        let values = EnvironmentVariablesProvider(
            environmentVariables: variables,
            secretsSpecifier: .specific(secrets)
        )
        return Layer(
            origin: origin,
            variables: variables,
            values: ConfigReader(provider: values),
            files: ConfigReader(provider: files)
        )
    }

    /// The text of a setting and where it stands; nil when no place has it.
    func text(of name: SettingName) -> (text: String, origin: SettingOrigin)? {
        let key = ConfigKey(name.rawValue.split(separator: "_").map { $0.lowercased() })
        for layer in layers {
            let isSecret = name.facts.isSecret
            if let path = layer.variables[name.rawValue + "_FILE"], !path.isEmpty {
                guard let text = layer.files.string(forKey: key, isSecret: isSecret) else {
                    continue
                }
                return text.isEmpty ? nil : (text, .file(path: path, named: layer.origin))
            }
            if let text = layer.values.string(forKey: key, isSecret: isSecret) {
                return text.isEmpty ? nil : (text, layer.origin)
            }
        }
        return nil
    }

    /// Variables that look like ours and are none: typing errors, most often.
    var unknownNames: [String] {
        let known = Set(SettingName.allCases.flatMap { [$0.rawValue, $0.rawValue + "_FILE"] })
        let found = layers.flatMap(\.variables.keys).filter { name in
            (name.hasPrefix("RINGBACK_") || name.hasPrefix("ELEVENLABS_"))
                && !known.contains(name) && !SettingSources.internalNames.contains(name)
                && !name.hasPrefix("RINGBACK_TEST_")
        }
        return Set(found).sorted()
    }

    /// What processes of Ringback tell one another; no settings.
    private static let internalNames: Set = [
        "RINGBACK_SUPERVISOR_FD", "RINGBACK_VERSION", "RINGBACK_PORT",
    ]
}

/// Paths in settings.
enum SettingsPath {
    /// An absolute path as it is, another one inside the folder; without `.` and `..`.
    static func absolute(_ path: String, in folder: String) -> String {
        let joined = path.hasPrefix("/") ? path : folder + "/" + path
        return URL(fileURLWithPath: joined).standardizedFileURL.path
    }
}
