import Foundation
import Logging
import Scheduling
import TestSupport
import Testing

@Suite("Edits of the schedules files")
struct ScheduleWatchTests {
    private static func schedule(_ name: String, _ cron: String) -> String {
        """
        - name: \(name)
          cron: "\(cron)"
          job: sync
          args: {}

        """
    }

    private static func withFolder(_ body: (URL, ScheduleWatch, LogLines) throws -> Void) throws {
        let scratch = try ScratchFolder()
        try scratch.makeFolder("schedules")
        let folder = scratch.url.appending(path: "schedules")
        try write(schedule("poll", "@hourly"), to: folder, "a.yaml")
        let lines = LogLines()
        let watch = try ScheduleWatch(
            folder: folder,
            rules: ScheduleRules(defaultTimeZone: .gmt, kinds: ["sync"]),
            logger: Logger(label: "test") { _ in lines.handler() }
        )
        try body(folder, watch, lines)
    }

    private static func write(_ text: String, to folder: URL, _ name: String) throws {
        try Data(text.utf8).write(to: folder.appendingPathComponent(name))
    }

    private static func names(_ watch: ScheduleWatch) -> [String] {
        watch.timetable.schedules.map(\.name.text)
    }

    @Test("are taken up: changed, added and removed files")
    func takesUp() throws {
        try Self.withFolder { folder, watch, lines in
            watch.look()
            #expect(lines.all.isEmpty)
            try Self.write(Self.schedule("poll-2", "@daily"), to: folder, "a.yaml")
            watch.look()
            #expect(Self.names(watch) == ["poll-2"])
            try Self.write(Self.schedule("more", "@daily"), to: folder, "b.yml")
            watch.look()
            #expect(Self.names(watch) == ["poll-2", "more"])
            try FileManager.default.removeItem(at: folder.appendingPathComponent("a.yaml"))
            watch.look()
            #expect(Self.names(watch) == ["more"])
            #expect(lines.all.count == 3)
        }
    }

    @Test("keep the old schedules while a file is broken, and say so once")
    func keeps() throws {
        try Self.withFolder { folder, watch, lines in
            try Self.write(Self.schedule("poll", "61 * * * *"), to: folder, "a.yaml")
            for _ in 0..<3 { watch.look() }
            #expect(Self.names(watch) == ["poll"])
            let problem = try #require(watch.problem)
            #expect(problem.description.contains("a.yaml:2: cron"))
            #expect(lines.all.count == 1)
            #expect(lines.all[0].contains("broken"))
            try Self.write(Self.schedule("poll", "@hourly"), to: folder, "a.yaml")
            watch.look()
            #expect(watch.problem == nil)
            #expect(lines.all.count == 2)
        }
    }

    @Test("an edit of the same length within the same second is seen by its new file")
    func sameLength() throws {
        try Self.withFolder { folder, watch, _ in
            let file = folder.appendingPathComponent("a.yaml")
            let modified = try #require(
                try FileManager.default.attributesOfItem(atPath: file.path)[.modificationDate]
                    as? Date
            )
            // As editors save: a new file takes the old one's place.
            try Data(Self.schedule("toll", "@hourly").utf8).write(to: file, options: .atomic)
            try FileManager.default.setAttributes(
                [.modificationDate: modified],
                ofItemAtPath: file.path
            )
            watch.look()
            #expect(Self.names(watch) == ["toll"])
        }
    }

    @Test("an edit of what a link leads to is seen")
    func links() throws {
        try Self.withFolder { folder, watch, _ in
            let place = folder.appendingPathComponent("real")
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            try Self.write(Self.schedule("linked", "@hourly"), to: place, "b.yaml")
            try FileManager.default.createSymbolicLink(
                at: folder.appendingPathComponent("b.yaml"),
                withDestinationURL: place.appendingPathComponent("b.yaml")
            )
            watch.look()
            #expect(Self.names(watch) == ["poll", "linked"])
            try Self.write(Self.schedule("edited-2", "@hourly"), to: place, "b.yaml")
            watch.look()
            #expect(Self.names(watch) == ["poll", "edited-2"])
        }
    }

    @Test("a folder that cannot be read keeps the old schedules")
    func noFolder() throws {
        try Self.withFolder { folder, watch, _ in
            let elsewhere = folder.appendingPathExtension("moved")
            try FileManager.default.moveItem(at: folder, to: elsewhere)
            watch.look()
            #expect(Self.names(watch) == ["poll"])
            #expect(watch.problem != nil)
            try FileManager.default.moveItem(at: elsewhere, to: folder)
            watch.look()
            #expect(watch.problem == nil)
        }
    }
}
