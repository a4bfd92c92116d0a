import Ambient
import Foundation
import Logging
import Synchronization
import Telemetry
import TestSupport
import Testing
import Traces

@Suite("trace context")
struct TraceContextTests {
    private static let sample = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    @Test("a traceparent comes back as it was")
    func roundTrip() throws {
        let trace = try #require(TraceContext(traceparent: Self.sample))
        #expect(trace.traceID == "4bf92f3577b34da6a3ce929d0e0e4736")
        #expect(trace.spanID == "00f067aa0ba902b7")
        #expect(trace.isSampled)
        #expect(trace.traceparent == Self.sample)
    }

    @Test(
        "what the standard allows is read",
        arguments: [
            // Flags that version 00 does not know are dropped.
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff", sample),
            (
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-02",
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"
            ),
            // A later version may have more behind a dash.
            ("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", sample),
            ("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-else", sample),
            ("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-", sample),
            (
                "00-00000000000000000000000000000001-0000000000000001-00",
                "00-00000000000000000000000000000001-0000000000000001-00"
            ),
        ]
    )
    func allowed(text: String, expected: String) {
        #expect(TraceContext(traceparent: text)?.traceparent == expected)
    }

    @Test(
        "what the standard forbids is refused",
        arguments: [
            "", "00", "garbage",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "0A-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0A",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.more",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e47360-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7_01",
            "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            " 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 ",
            "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e47é-00f067aa0ba902b7-01",
        ]
    )
    func forbidden(text: String) {
        #expect(TraceContext(traceparent: text) == nil)
    }

    @Test(
        "new traces are valid, differ, and have children of the same trace",
        arguments: Seeds.first(20)
    )
    func children(seed: UInt64) throws {
        let ambient = Ambient.live(seed: seed)
        let root = TraceContext.root(from: ambient)
        #expect(root != .root(from: ambient))
        #expect(TraceContext(traceparent: root.traceparent) == root)
        let child = root.child(from: ambient)
        #expect(child.traceID == root.traceID)
        #expect(child.spanID != root.spanID)
        #expect(child.isSampled == root.isSampled)
        #expect(TraceContext(traceparent: child.traceparent) == child)
    }

    @Test("ids of nothing but zeros are not made")
    func zeros() throws {
        let live = Ambient.live()
        let ambient = Ambient(
            clock: live.clock,
            elapsed: live.elapsed,
            now: live.now,
            newID: { UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)) },
            chance: live.chance
        )
        let root = TraceContext.root(from: ambient)
        #expect(TraceContext(traceparent: root.traceparent) == root)
    }

    @Test("a name gives one trace, another name another one")
    func derived() throws {
        let trace = TraceContext(derivedFrom: "hand-17-0")
        #expect(trace == TraceContext(derivedFrom: "hand-17-0"))
        let names = (0..<1000).map { "hand-17-\($0)" }
        #expect(Set(names.map { TraceContext(derivedFrom: $0).traceID }).count == names.count)
        #expect(Set(names.map { TraceContext(derivedFrom: $0).spanID }).count == names.count)
        #expect(TraceContext(traceparent: trace.traceparent) == trace)
    }

    @Test("a job without a valid trace has the one of its id")
    func scopes() throws {
        let own = TraceScope(job: "a", attempt: 2, traceparent: Self.sample)
        #expect(own.trace.traceparent == Self.sample)
        for text in [nil, "invalid"] as [String?] {
            let scope = TraceScope(job: "a", attempt: 2, traceparent: text)
            #expect(scope.trace == TraceContext(derivedFrom: "a"))
        }
        #expect(
            own.metadata == [
                "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", "span_id": "00f067aa0ba902b7",
                "job": "a", "attempt": "2",
            ]
        )
    }

    @Test("a new job is a child of what runs, or begins a trace")
    func newJobs() throws {
        let ambient = Ambient.live(seed: 1)
        let trace = try #require(TraceContext(traceparent: Self.sample))
        let child = TraceScope.$current.withValue(TraceScope(trace)) {
            TraceContext.ofNewJob(from: ambient)
        }
        #expect(child.traceID == trace.traceID)
        #expect(child.spanID != trace.spanID)
        #expect(TraceContext.ofNewJob(from: ambient).traceID != trace.traceID)
    }

    @Test(
        "every line that is logged within a scope carries it, unmasked",
        arguments: Seeds.first(20)
    )
    func logLines(seed: UInt64) async throws {
        let lines = Mutex<[String]>([])
        let output = LogOutput(
            format: .text,
            mask: LogMask(),
            now: { Date(timeIntervalSince1970: 0) },
            write: { line in lines.withLock { $0.append(line) } }
        )
        let logger = Logger(label: "x") { label in
            var handler = MaskingLogHandler(label: label, level: .info, output: output)
            handler.metadataProvider = TraceScope.metadataProvider
            return handler
        }
        let trace = TraceContext.root(from: Ambient.live(seed: seed))
        let scope = TraceScope(job: "sync-1", attempt: 3, traceparent: trace.traceparent)
        await TraceScope.$current.withValue(scope) {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { logger.info("inside") }
            }
        }
        logger.info("outside")
        let expected =
            " info x: inside attempt=3 job=sync-1 span_id=\(trace.spanID) "
            + "trace_id=\(trace.traceID)\n"
        let all = lines.withLock { $0 }
        #expect(all.count == 2)
        #expect(all.first?.hasSuffix(expected) == true, "\(all)")
        #expect(all.last?.hasSuffix(" info x: outside\n") == true, "\(all)")
    }
}
