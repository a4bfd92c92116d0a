package import Ambient
package import Logging

/// What the present task works on: a request, a tick, a command, or an attempt at a job.
///
/// Everything that is logged meanwhile carries it, whoever logs: `trace_id` and `span_id`, and for
/// an attempt `job` and `attempt`.
package struct TraceScope: Sendable {
    /// Nil outside of any such work.
    @TaskLocal package static var current: TraceScope?

    private enum Origin: Sendable {
        case known(TraceContext)

        /// Read when it is asked for: most attempts log nothing.
        case job(id: String, attempt: Int, traceparent: String?)
    }

    private let origin: Origin

    package init(_ trace: TraceContext) {
        origin = .known(trace)
    }

    /// An attempt at a job.
    ///
    /// - Parameters:
    ///   - id: The job's id.
    ///   - attempt: From 1.
    ///   - traceparent: What it came with. A job that came without one, or with one that is not
    ///     valid, gets a trace from its id.
    package init(job id: String, attempt: Int, traceparent: String?) {
        origin = .job(id: id, attempt: attempt, traceparent: traceparent)
    }

    package var trace: TraceContext {
        switch origin {
        case .known(let trace): trace
        case .job(let id, _, let text):
            text.flatMap { TraceContext(traceparent: $0) } ?? TraceContext(derivedFrom: id)
        }
    }

    package var metadata: Logger.Metadata {
        let trace = trace
        var metadata: Logger.Metadata = [
            "trace_id": "\(trace.traceID)", "span_id": "\(trace.spanID)",
        ]
        if case .job(let id, let attempt, _) = origin {
            metadata["job"] = "\(id)"
            metadata["attempt"] = "\(attempt)"
        }
        return metadata
    }

    /// Puts the present scope on every line of the log; given to swift-log at the start.
    package static let metadataProvider = Logger.MetadataProvider {
        current?.metadata ?? [:]
    }
}

extension TraceContext {
    /// The trace of a job that is made here: a child of what runs, or the beginning of a trace.
    package static func ofNewJob(from ambient: Ambient) -> Self {
        TraceScope.current?.trace.child(from: ambient) ?? .root(from: ambient)
    }
}
