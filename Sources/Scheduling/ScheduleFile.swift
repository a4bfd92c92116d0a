package import Foundation
import JobQueue
import Yams

/// Reads schedules files and refuses them as a whole when anything in them is wrong.
package enum ScheduleFile {
    /// Largest file that is read, in bytes.
    package static let bytesMax = 1024 * 1024

    /// Most files of a folder that are read.
    package static let filesMax = 500

    /// Reads every `.yaml` and `.yml` file of a folder, in the order of their names.
    ///
    /// - Throws: `ScheduleFileError` with every problem found, also two schedules of one name.
    package static func load(
        folder: URL,
        rules: ScheduleRules
    ) throws(ScheduleFileError) -> [Schedule] {
        var reading = ScheduleReading()
        for file in try files(in: folder) {
            do {
                let data = try contents(of: file)
                reading.read(data, file: file.relativePath, rules: rules)
            } catch {
                reading.problems += error.problems
            }
        }
        return try reading.result()
    }

    /// Reads one file's text.
    package static func parse(
        _ text: String,
        file: String,
        rules: ScheduleRules
    ) throws(ScheduleFileError) -> [Schedule] {
        var reading = ScheduleReading()
        reading.read(text, file: file, rules: rules)
        return try reading.result()
    }

    private static func files(in folder: URL) throws(ScheduleFileError) -> [URL] {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        } catch {
            throw wholeFile(
                folder.relativePath,
                "this folder of schedules cannot be read; set RINGBACK_SCHEDULES to one that can"
            )
        }
        let yaml = names.filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }
            .filter { !$0.hasPrefix(".") }.sorted()
        guard yaml.count <= filesMax else {
            throw wholeFile(folder.relativePath, "has more than \(filesMax) schedules files")
        }
        return yaml.map { folder.appendingPathComponent($0) }
    }

    private static func contents(of file: URL) throws(ScheduleFileError) -> String {
        let data: Data
        do {
            data = try Data(contentsOf: file)
        } catch {
            throw wholeFile(file.relativePath, "cannot be read")
        }
        guard data.count <= bytesMax else {
            throw wholeFile(file.relativePath, "is larger than \(bytesMax) bytes")
        }
        guard let text = String(data: data, encoding: .utf8) else {
            throw wholeFile(file.relativePath, "is not UTF-8 text")
        }
        return text
    }

    private static func wholeFile(_ file: String, _ message: String) -> ScheduleFileError {
        ScheduleFileError(problems: [
            ScheduleProblem(file: file, line: nil, field: nil, message: message)
        ])
    }
}

/// What has been read so far, good and bad.
private struct ScheduleReading {
    var schedules: [Schedule] = []
    var problems: [ScheduleProblem] = []
    private var places: [ScheduleName: String] = [:]

    func result() throws(ScheduleFileError) -> [Schedule] {
        guard problems.isEmpty else { throw ScheduleFileError(problems: problems) }
        return schedules
    }

    mutating func read(_ text: String, file: String, rules: ScheduleRules) {
        let root: Node?
        do {
            root = try compose(yaml: text)
        } catch let error as YamlError {
            problems.append(Self.problem(of: error, file: file))
            return
        } catch {
            problems.append(
                ScheduleProblem(file: file, line: nil, field: nil, message: "is not YAML")
            )
            return
        }
        // A file without a document, or with comments alone, holds no schedule.
        guard let root, !root.isNull else { return }
        switch root {
        case .mapping:
            readSchedule(root, file: file, rules: rules)
        case .sequence(let items):
            for item in items {
                readSchedule(item, file: file, rules: rules)
            }
        case .scalar, .alias:
            problems.append(
                ScheduleProblem(
                    file: file,
                    line: root.mark?.line,
                    field: nil,
                    message: "holds no schedule; begin each with '- name:'"
                )
            )
        }
    }

    private mutating func readSchedule(_ node: Node, file: String, rules: ScheduleRules) {
        var reader = ScheduleReader(file: file, rules: rules)
        let schedule = reader.read(node)
        problems += reader.problems.sorted { ($0.line ?? 0) < ($1.line ?? 0) }
        guard let schedule else { return }
        let place = "\(file):\(node.mark?.line ?? 1)"
        if let earlier = places.updateValue(place, forKey: schedule.name) {
            problems.append(
                ScheduleProblem(
                    file: file,
                    line: reader.nameLine,
                    field: "name",
                    message: "'\(schedule.name)' is the name of the schedule at \(earlier) too"
                )
            )
        }
        schedules.append(schedule)
    }

    private static func problem(of error: YamlError, file: String) -> ScheduleProblem {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            ScheduleProblem(
                file: file,
                line: mark.line,
                field: nil,
                message: "is not YAML: \(problem)"
            )
        case .duplicatedKeysInMapping(let keys, let context):
            ScheduleProblem(
                file: file,
                line: context.mark.line,
                field: keys.sorted().first,
                message: "stands twice in one mapping"
            )
        case .reader(let problem, _, _, _):
            ScheduleProblem(
                file: file,
                line: nil,
                field: nil,
                message: "is not YAML: \(problem)"
            )
        case .no, .memory, .writer, .emitter, .representer, .dataCouldNotBeDecoded:
            ScheduleProblem(file: file, line: nil, field: nil, message: "is not YAML")
        }
    }
}
