import CallJobs
import CallStore
import JobQueue
import JobWorker
import Testing

@Suite("Arguments of jobs")
struct ArgumentTests {
    @Test(
        "reads what people and schedules write",
        arguments: [
            (#"{"window":"recent"}"#, SyncArguments.recent),
            (#"{"version":1,"window":"48h"}"#, .last(seconds: 172_800)),
            (#"{"window":"30d"}"#, .last(seconds: 2_592_000)),
            (#"{"window":"90s"}"#, .last(seconds: 90)),
            (
                #"{"from":"2026-11-21T12:00:00Z","to":"2026-11-21T13:00:00+00:00"}"#,
                .range(SyncRange(fromUnix: 1_795_262_400, toUnix: 1_795_266_000))
            ),
            (
                #"{"from":"5","to":9,"agent":"agent_1"}"#,
                .range(SyncRange(fromUnix: 5, toUnix: 9, agentID: "agent_1"))
            ),
            (
                #"{"conversation":"conv_1"}"#,
                .conversation(CallIdentity(conversationID: "conv_1"))
            ),
            (#"{"inbox":12}"#, .inbox(InboxID(12))),
        ] as [(String, SyncArguments)]
    )
    func syncText(text: String, expected: SyncArguments) throws {
        #expect(try SyncArguments(payload: Array(text.utf8)) == expected)
    }

    @Test(
        "gives back every sync argument that it writes",
        arguments: [
            .recent, .last(seconds: 7200), .inbox(InboxID(3)),
            .conversation(CallIdentity(workspace: "eu", conversationID: "conv_1")),
            .erase(CallIdentity(workspace: "eu", conversationID: "conv_1")),
            .range(SyncRange(fromUnix: -5, toUnix: 9, agentID: "a", workspace: "eu")),
            .page(
                SyncPage(
                    range: SyncRange(fromUnix: 1, toUnix: 2),
                    walk: "w1",
                    cursor: "b3BhcXVl/+=",
                    number: 7,
                    isPoll: true
                )
            ),
        ] as [SyncArguments]
    )
    func syncRoundTrip(arguments: SyncArguments) throws {
        #expect(try SyncArguments(payload: arguments.payload) == arguments)
    }

    @Test(
        "gives back every selection that it writes",
        arguments: [
            .calls([CallID(1)]), .calls([CallID(1), CallID(2)]), .open(after: nil),
            .open(after: CallID(9)), .range(fromUnix: 1, toUnix: 2, after: nil),
            .range(fromUnix: 1, toUnix: 2, after: CallID(3)),
        ] as [CallSelection]
    )
    func selectionRoundTrip(selection: CallSelection) throws {
        let attribution = AttributionArguments(selection)
        #expect(try AttributionArguments(payload: attribution.payload) == attribution)
        let conversion = ConversionArguments(selection)
        #expect(try ConversionArguments(payload: conversion.payload) == conversion)
    }

    @Test(
        "gives back every export that it writes",
        arguments: [
            CallFilter(),
            CallFilter(
                workspace: "default",
                fromUnix: 1,
                toUnix: 2,
                agentID: "a",
                campaign: .one(CampaignID(4)),
                status: "done",
                outcome: "pending",
                conversion: .yes
            ),
            CallFilter(campaign: .unattributed),
        ]
    )
    func exportRoundTrip(filter: CallFilter) throws {
        let arguments = ExportArguments(filter: filter, timeZone: "Europe/Berlin", person: "ana")
        #expect(try ExportArguments(payload: arguments.payload) == arguments)
        let delivery = UpkeepArguments(deliveringTo: EndpointID(3))
        #expect(try UpkeepArguments(payload: delivery.payload) == delivery)
        let sending = UpkeepArguments(sending: ExportDelivery(export: 4, channel: .webhook))
        #expect(try UpkeepArguments(payload: sending.payload) == sending)
        for task in UpkeepArguments.Task.allCases where ![.deliver, .sendExport].contains(task) {
            let upkeep = UpkeepArguments(task)
            #expect(try UpkeepArguments(payload: upkeep.payload) == upkeep)
        }
    }

    @Test(
        "names what is wrong with sync arguments",
        arguments: [
            ("[1]", ArgumentsError.notAnObject(reason: "3 bytes")),
            ("{", .notAnObject(reason: "1 bytes")),
            (#"{"version":2,"window":"recent"}"#, .unknownVersion(found: 2, known: 1)),
            (#"{"window":"recent","agnet":"a"}"#, .unknown(field: "agnet")),
            (#"{"window":"lately"}"#, Self.window), (#"{"window":"0h"}"#, Self.window),
            (#"{"window":"-3h"}"#, Self.window), (#"{"window":"99999999999d"}"#, Self.window),
            (#"{"window":5}"#, .malformed(field: "window", expected: "a text that is not empty")),
            (#"{"from":1}"#, .missing(field: "to")),
            (#"{"from":2,"to":2}"#, .malformed(field: "to", expected: "a time after from")),
            (#"{"from":1,"to":2,"cursor":"c"}"#, .unknown(field: "cursor")),
            (
                #"{"from":1,"to":2,"walk":"w"}"#,
                .malformed(field: "page", expected: "the number of the page, from 1")
            ),
            (#"{"inbox":1.5}"#, .malformed(field: "inbox", expected: "a whole number")),
            ("{}", Self.oneOf), (#"{"inbox":1,"window":"recent"}"#, Self.oneOf),
            ("", Self.oneOf),
        ] as [(String, ArgumentsError)]
    )
    func syncMistakes(text: String, expected: ArgumentsError) {
        #expect(throws: expected) { try SyncArguments(payload: Array(text.utf8)) }
        #expect(!expected.line.isEmpty)
    }

    private static let window = ArgumentsError.malformed(
        field: "window",
        expected: "recent, or a length like 48h or 30d"
    )
    private static let oneOf = ArgumentsError.ambiguous(
        expected: "one of window, from and to, conversation, inbox, erase"
    )

    @Test("takes no more calls in one job than the limit, and at least one")
    func callLimit() throws {
        let most = (1...callsPerJobMax).map(String.init).joined(separator: ",")
        let arguments = try ConversionArguments(payload: Array("{\"calls\":[\(most)]}".utf8))
        #expect(arguments == ConversionArguments(.calls((1...500).map { CallID(Int64($0)) })))
        for list in ["[\(most),501]", "[]", "[1,\"2\"]"] {
            #expect(throws: ArgumentsError.self) {
                try ConversionArguments(payload: Array("{\"calls\":\(list)}".utf8))
            }
        }
    }

    @Test("gives back what else an export can be told")
    func exportOptions() throws {
        let all = [
            ExportArguments(
                subject: .conversions,
                dialect: .excel,
                phones: .digits,
                period: .lastMonth,
                folder: "monthly-1",
                keepDays: 90,
                writesEmpty: false,
                person: "ana"
            ),
            ExportArguments(subject: .feed, profile: .meta, since: .last, person: "ana"),
            ExportArguments(subject: .feed, profile: .google, since: .cursor(17), person: "ana"),
            ExportArguments(subject: .campaigns, dialect: .ndjson, person: "ana"),
        ]
        for arguments in all {
            #expect(try ExportArguments(payload: arguments.payload) == arguments)
        }
    }

    @Test("refuses exports and upkeep that nobody knows")
    func wrongWords() {
        for text in [
            #"{"what":"people"}"#, #"{"dialect":"excel97"}"#, #"{"campaign":"some"}"#,
            #"{"conversion":"maybe"}"#, #"{"from":9,"to":1}"#, #"{"folder":"../etc"}"#,
            #"{"folder":"a/b"}"#, #"{"keepDays":0}"#, #"{"keepDays":99999}"#, #"{"since":-1}"#,
            #"{"period":"last-week","from":1}"#, #"{"what":"campaigns","agent":"a"}"#,
            #"{"what":"feed","period":"yesterday"}"#, #"{"phones":"none"}"#,
        ] {
            #expect(throws: ArgumentsError.self, "\(text)") {
                try ExportArguments(payload: Array(text.utf8))
            }
        }
        #expect(throws: ArgumentsError.missing(field: "task")) {
            try UpkeepArguments(payload: [])
        }
        #expect(throws: ArgumentsError.self) {
            try UpkeepArguments(payload: Array(#"{"task":"everything"}"#.utf8))
        }
    }

    @Test("makes jobs that say their kind and outlive their retries", arguments: JobKind.allCases)
    func kinds(kind: JobKind) {
        #expect(kind.queue.text == kind.rawValue)
        let policy = kind.policy
        #expect(policy.uniqueHorizon > policy.retry.horizon)
        #expect(policy.runsAlone == (kind == .export))
    }
}
