import Foundation
import JobQueue
import Scheduling
import TestSupport
import Testing

@Suite("Schedule files")
struct ScheduleFileTests {
    private static func rules() -> ScheduleRules {
        ScheduleRules(
            defaultTimeZone: .gmt,
            kinds: ["sync", "attribution", "conversion", "export", "upkeep"]
        )
    }

    @Test("reads every field, and several schedules in one file")
    func readsAll() throws {
        let text = """
            # The timetable.
            - name: poll
              cron: "*/15 * * * *"
              timezone: Europe/Berlin
              job: sync
              lane: low
              args: { window: recent, deep: [1, 2.5, yes, null, "7"], b: { z: true, a: no } }
              catchUp: { policy: all, max: 7, within: 3h }
              overlap: queue-one
              jitter: 1m30s
            - name: plain
              cron: every 90s
              job: upkeep
            """
        let schedules = try ScheduleFile.parse(text, file: "a.yaml", rules: Self.rules())
        let poll = try #require(ScheduleName("poll"))
        let plain = try #require(ScheduleName("plain"))
        #expect(
            schedules == [
                Schedule(
                    name: poll,
                    cadence: .cron(try CronExpression(parsing: "*/15 * * * *")),
                    timeZone: try zone("Europe/Berlin"),
                    kind: "sync",
                    lane: .low,
                    payload: Array(
                        #"{"b":{"a":"no","z":true},"deep":[1,2.5,"yes",null,"7"],"window":"recent"}"#
                            .utf8
                    ),
                    catchUp: .all(max: 7, within: .seconds(3 * 3600)),
                    overlap: .queueOne,
                    jitter: .seconds(90)
                ),
                Schedule(
                    name: plain,
                    cadence: .every(seconds: 90),
                    timeZone: .gmt,
                    kind: "upkeep",
                    payload: Array("{}".utf8)
                ),
            ]
        )
    }

    @Test("one schedule may be the whole file, and a file of comments holds none")
    func readsSmallFiles() throws {
        let one = "name: a\ncron: '@daily'\njob: sync\n"
        #expect(try ScheduleFile.parse(one, file: "a.yaml", rules: Self.rules()).count == 1)
        for text in ["", "# nothing yet\n", "---\n"] {
            #expect(try ScheduleFile.parse(text, file: "a.yaml", rules: Self.rules()).isEmpty)
        }
    }

    static let wrong: [(text: String, problems: [String])] = [
        ("- name: a\n  job: sync\n", ["a.yaml:1: cron: is missing"]),
        ("- job: sync\n  cron: '@daily'\n", ["a.yaml:1: name: is missing"]),
        ("- name: a\n  cron: '@daily'\n", ["a.yaml:1: job: is missing"]),
        (
            "- name: a\n  cron: '61 * * * *'\n  job: sync\n",
            ["a.yaml:2: cron: minute field: '61' is outside 0 to 59"]
        ),
        (
            "- name: a\n  cron: '@daily'\n  job: snyc\n",
            ["a.yaml:3: job: is none of attribution, conversion, export, sync, upkeep"]
        ),
        (
            "- name: a\n  cron: '@daily'\n  job: sync\n  timezone: EST\n",
            ["a.yaml:4: timezone: is no time zone; write UTC or a name such as Europe/Berlin"]
        ),
        (
            "- name: a\n  cron: '@daily'\n  job: sync\n  timezone: Europe/Berlim\n",
            ["a.yaml:4: timezone: is no time zone; write UTC or a name such as Europe/Berlin"]
        ),
        (
            "- name: a\n  cron: '@daily'\n  job: sync\n  overlap: never\n",
            ["a.yaml:4: overlap: must be one of skip, queue-one, allow"]
        ),
        (
            "- name: a\n  cron: '@daily'\n  job: sync\n  lane: fast\n",
            ["a.yaml:4: lane: must be one of hi, std, low"]
        ),
        (
            "- name: a\n  cron: '@daily'\n  job: sync\n  jitter: soon\n",
            ["a.yaml:4: jitter: must be a duration such as 10s, 5m or 2h, up to 12h"]
        ),
        (
            "- name: a\n  cron: '@daily'\n  job: sync\n  jitter: 13h\n",
            ["a.yaml:4: jitter: must be a duration such as 10s, 5m or 2h, up to 12h"]
        ),
        (
            "- name: a\n  cron: '@daily'\n  job: sync\n  catchUp: some\n",
            [
                "a.yaml:4: catchUp: must be skip, latest, all, or "
                    + "{ policy: all, max: 24, within: 24h }"
            ]
        ),
        (
            "- name: a\n  cron: '@daily'\n  job: sync\n  catchUp: { policy: all, max: 0 }\n",
            ["a.yaml:4: catchUp.max: must be a number from 1 to 1000"]
        ),
        (
            "- name: a\n  cron: '@daily'\n  job: sync\n  args: [1]\n",
            ["a.yaml:4: args: must be a mapping such as { window: recent }"]
        ),
        (
            "- name: a\n  cron: '@daily'\n  job: sync\n  args:\n    x: 1\n    y: 1e999\n",
            ["a.yaml:6: args.y: is no JSON value"]
        ),
        (
            "- name: a\n  cron: '@daily'\n  job: sync\n  comment: hello\n",
            [
                "a.yaml:4: comment: is no field of a schedule; there are name, cron, timezone, "
                    + "job, lane, args, catchUp, overlap, jitter"
            ]
        ),
        (
            "- name: a b\n  cron: '@daily'\n  job: sync\n",
            ["a.yaml:1: name: must be 1 to 60 letters, digits, '.', '_' or '-'"]
        ),
        ("- just a text\n", ["a.yaml:1: is no schedule; write a mapping that begins with 'name:'"]),
        ("text\n", ["a.yaml:1: holds no schedule; begin each with '- name:'"]),
        ("- name: a\n  name: b\n", ["a.yaml:1: name: stands twice in one mapping"]),
        (
            "- name: a\n\tcron: x\n",
            ["a.yaml:2: is not YAML: found a tab character that violates indentation"]
        ),
        (
            "- name: a\n  cron: '@daily'\n  job: sync\n- name: a\n  cron: '@daily'\n  job: sync\n",
            ["a.yaml:4: name: 'a' is the name of the schedule at a.yaml:1 too"]
        ),
        (
            "- name: a\n  cron: 'x * * * *'\n  job: sync\n- name: b\n  cron: '@daily'\n",
            [
                "a.yaml:2: cron: minute field: 'x' is not a number",
                "a.yaml:4: job: is missing",
            ]
        ),
    ]

    @Test("names file, line and field of what is wrong", arguments: wrong)
    func refuses(text: String, problems: [String]) {
        let error = #expect(throws: ScheduleFileError.self) {
            try ScheduleFile.parse(text, file: "a.yaml", rules: Self.rules())
        }
        #expect(error?.problems.map(\.description) == problems)
    }

    @Test("asks the job's kind about its arguments")
    func asksKind() {
        var rules = Self.rules()
        rules.argumentProblem = { kind, payload in
            "\(kind) cannot read \(String(decoding: payload, as: UTF8.self))"
        }
        let text = "- name: a\n  cron: '@daily'\n  job: sync\n  args: { b: 1 }\n"
        let error = #expect(throws: ScheduleFileError.self) {
            try ScheduleFile.parse(text, file: "a.yaml", rules: rules)
        }
        #expect(
            error?.problems.map(\.description) == [#"a.yaml:4: args: sync cannot read {"b":1}"#]
        )
    }

    @Test("aliases of aliases are refused before they fill the memory")
    func refusesAliasBombs() {
        let levels = (1...12).map { level in
            "    l\(level): &l\(level) ["
                + Array(repeating: "*l\(level - 1)", count: 9)
                .joined(separator: ",") + "]"
        }
        let text =
            "- name: a\n  cron: '@daily'\n  job: sync\n  args:\n    l0: &l0 [x]\n"
            + levels.prefix(5).joined(separator: "\n") + "\n"
        let error = #expect(throws: ScheduleFileError.self) {
            try ScheduleFile.parse(text, file: "a.yaml", rules: Self.rules())
        }
        #expect(error?.problems.first?.message == "is too deep or too large")
    }

    @Test("a folder is read as a whole, and a name may stand only once in it")
    func readsFolder() throws {
        let scratch = try ScratchFolder()
        let folder = scratch.url
        func write(_ text: String, to name: String) throws {
            try scratch.write(text, to: name)
        }
        try write("- name: b\n  cron: '@daily'\n  job: sync\n", to: "2.yml")
        try write("- name: a\n  cron: '@daily'\n  job: sync\n", to: "1.yaml")
        try write("not: read", to: "notes.txt")
        let schedules = try ScheduleFile.load(folder: folder, rules: Self.rules())
        #expect(schedules.map(\.name.text) == ["a", "b"])
        try write("- name: b\n  cron: '@daily'\n  job: sync\n", to: "3.yaml")
        #expect(throws: ScheduleFileError.self) {
            try ScheduleFile.load(folder: folder, rules: Self.rules())
        }
        let missing = folder.appendingPathComponent("missing")
        #expect(throws: ScheduleFileError.self) {
            try ScheduleFile.load(folder: missing, rules: Self.rules())
        }
    }

    @Test("the shipped schedules are right")
    func shipped() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let schedules = try ScheduleFile.load(
            folder: root.appendingPathComponent("schedules"),
            rules: Self.rules()
        )
        #expect(
            Set(schedules.map(\.name.text)) == [
                "poll", "relist-48-hours", "relist-30-days", "attribution-sweep",
                "conversion-sweep", "export-calls", "retention", "alerts", "digest",
            ]
        )
        let poll = try #require(schedules.first { $0.name.text == "poll" })
        let noon = Date(timeIntervalSince1970: Double(try instant("2026-11-21T12:00:00Z")))
        #expect(poll.firings(after: noon, count: 2) == [noon + 900, noon + 1800])
    }
}
