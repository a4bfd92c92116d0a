import Attribution
import Console
import Conversion
import ElevenLabs
import Foundation
import JobQueue
import NIOCore
import PhoneNumbers
import RedisClient
import Scheduling

/// Why an input breaks what must hold for every input; a crash needs no such word.
struct FuzzFailure: Error {
    let reason: String

    init(_ reason: String) {
        self.reason = reason
    }
}

/// What reads bytes that come from outside.
enum FuzzTarget: String, CaseIterable, Sendable {
    case envelope
    case replies
    case cron
    case schedules
    case rules
    case webhook
    case recipients

    /// Words that mutations are rich in.
    var words: [String] {
        switch self {
        case .envelope: ["|", "v1|", "v2|", "raw", "deflate", "std", "999999999999999", "00-"]
        case .replies:
            ["\r\n", "*", "$", "$-1\r\n", "*-1\r\n", ":", "-ERR ", "+", "*2147483647\r\n"]
        case .cron:
            ["*", "/", "-", ",", "L", "W", "#", "?", "@daily", "every ", "59", "SUN", "FEB"]
        case .schedules:
            [
                "- name: ", "\n  cron: \"", "\n  timezone: ", "\n  args: ", "catchUp: ",
                "overlap: ", "jitter: ", "&a", "*a", "<<: ", "!!int ", "|\n", "{", "}",
            ]
        case .rules:
            [
                "rules:\n", "- id: ", "when:\n", "all:\n", "any:\n", "not:\n", "unless: [",
                "successful: success", "tool: {", "turns: {", "&a", "*a", "!!set ", "\n      ",
            ]
        case .webhook:
            [
                "{", "}", "[", "\"", "\\u", "\\ud800", "null", "1e999", "-", "\"data\":",
                "\"type\":", "\"conversation_id\":", "\"event_timestamp\":", "t=", ",v0=",
            ]
        case .recipients: [",", "\"", "\"\"", "\r\n", "\n", "\u{FEFF}", "+49", "2026-", "Z", ";"]
        }
    }

    /// Gives the bytes to the reader, and checks what must hold whatever they are.
    func run(_ bytes: [UInt8]) throws {
        switch self {
        case .envelope: try Self.envelope(bytes)
        case .replies: try Self.replies(bytes)
        case .cron: try Self.cron(bytes)
        case .schedules: try Self.schedules(bytes)
        case .rules: Self.rules(bytes)
        case .webhook: Self.webhook(bytes)
        case .recipients: try Self.recipients(bytes)
        }
    }

    /// A job that can be read can be written, and is read the same.
    private static func envelope(_ bytes: [UInt8]) throws {
        var job: Job
        do {
            job = try Envelope.decode(bytes)
        } catch {
            return
        }
        // The one thing that is cut when it is written: a century is for ever.
        job.uniqueHorizon = .milliseconds(job.uniqueHorizon.queueMilliseconds)
        guard try Envelope.decode(try Envelope.encode(job)) == job else {
            throw FuzzFailure("the envelope is another one when it is written again")
        }
        do {
            _ = try job.arguments()
        } catch {
            // Damaged or too large: refused, as it should be.
        }
    }

    /// Replies are the same however the network cuts them.
    private static func replies(_ bytes: [UInt8]) throws {
        let whole = read([bytes[...]])
        var pieces: [ArraySlice<UInt8>] = []
        var rest = bytes[...]
        var step = bytes.reduce(7) { ($0 &* 31 &+ Int($1)) & 0xFFFF }
        while !rest.isEmpty {
            step = (step &* 25_173 &+ 13_849) & 0xFFFF
            pieces.append(rest.prefix(1 + step % 9))
            rest = rest.dropFirst(1 + step % 9)
        }
        let parts = read(pieces)
        guard whole.values == parts.values, whole.isRefused == parts.isRefused else {
            throw FuzzFailure("the replies depend on how they are cut")
        }
    }

    private static func read(
        _ pieces: [ArraySlice<UInt8>]
    ) -> (values: [RedisValue], isRefused: Bool) {
        let reader = RedisReplyReader()
        var values: [RedisValue] = []
        for piece in pieces {
            do {
                try reader.read(ByteBuffer(bytes: piece), into: &values)
            } catch {
                return (values, true)
            }
        }
        return (values, false)
    }

    /// What comes next comes later, in every zone.
    private static func cron(_ bytes: [UInt8]) throws {
        let text = String(decoding: bytes, as: UTF8.self)
        let cadence: Cadence
        do {
            cadence = try Cadence(parsing: text)
        } catch {
            return
        }
        let zones = ["GMT", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe"]
        let zone = TimeZone(identifier: zones[text.utf8.count % zones.count]) ?? .gmt
        let occurrences = Occurrences(of: cadence, in: zone)
        var instant: Int64 = 1_793_000_000
        for _ in 0..<3 {
            guard let next = occurrences.next(after: instant) else { return }
            guard next > instant else { throw FuzzFailure("\(next) is not after \(instant)") }
            instant = next
        }
    }

    private static func schedules(_ bytes: [UInt8]) throws {
        let rules = ScheduleRules(
            defaultTimeZone: .gmt,
            kinds: ["sync", "attribution", "conversion", "export", "upkeep"]
        )
        let schedules: [Schedule]
        do {
            schedules = try ScheduleFile.parse(
                String(decoding: bytes, as: UTF8.self),
                file: "fuzz.yaml",
                rules: rules
            )
        } catch {
            guard !error.description.isEmpty else {
                throw FuzzFailure("a schedules file is refused without a reason")
            }
            return
        }
        for schedule in schedules.prefix(3) {
            let start = Date(timeIntervalSince1970: 1_793_000_000)
            for firing in schedule.firings(after: start, count: 2) where firing <= start {
                throw FuzzFailure("\(schedule.name) fires in the past")
            }
            // Its ids must be identifiers, whatever stands in the file.
            _ = schedule.tick(at: 1_793_000_000, draw: 0.5)
        }
    }

    private static func rules(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        for file in ["fuzz.yaml", "fuzz.rules"] {
            do {
                _ = try RulesFile.parse(text, file: file).rules.map(\.echo)
            } catch {
                _ = error.description
            }
        }
    }

    /// The first line is the signature, the rest is the body.
    private static func webhook(_ bytes: [UInt8]) {
        let end = bytes.firstIndex(of: UInt8(ascii: "\n")) ?? bytes.startIndex
        let body = Array(bytes[end...])
        do {
            try WebhookVerifier(secrets: [WebhookSecret("whsec_fuzz")]).verify(
                body,
                signedBy: String(decoding: bytes[..<end], as: UTF8.self),
                now: Date(timeIntervalSince1970: 1_793_000_000)
            )
        } catch {
            // Nearly always.
        }
        do {
            _ = try WebhookEnvelope(body)
        } catch {
            // No webhook.
        }
    }

    /// Records are the same however the file is read, and none of their fields stops the reader.
    private static func recipients(_ bytes: [UInt8]) throws {
        let whole = records([bytes[...]])
        let middle = bytes.count / 3
        let parts = records([bytes[..<middle], bytes[middle...]])
        guard whole == parts else { throw FuzzFailure("the records depend on how they are cut") }
        guard let header = whole.first else { return }
        let columns: RecipientColumns
        do {
            columns = try RecipientColumns(header: header.fields)
        } catch {
            return
        }
        for record in whole.dropFirst().prefix(50) {
            do throws(RecipientProblem) {
                _ = try RecipientRow(
                    record,
                    columns: columns,
                    numbers: numbers,
                    region: Region("DE")
                )
            } catch {
                guard !error.reason.isEmpty else {
                    throw FuzzFailure("a row is refused without a reason")
                }
            }
        }
    }

    private static let numbers = NumberNormalizer()

    private static func records(_ pieces: [ArraySlice<UInt8>]) -> [CSVRecord] {
        var reader = CSVReader()
        var records: [CSVRecord] = []
        do {
            for piece in pieces { records += try reader.read(piece) }
            if let last = try reader.finish() { records.append(last) }
        } catch {
            // An endless field; how many records came before it depends on the pieces.
            return []
        }
        return records
    }
}
