import Synchronization

/// Carries a body from curl's thread to its reader, and holds the thread back.
final class BodyChannel: Sendable {
    struct Taken: Sendable {
        var result: Result<[UInt8]?, HTTPError>

        /// Whether a paused transfer should go on.
        var canResume = false
    }

    private struct State {
        var pieces: [[UInt8]] = []
        var waitingBytes = 0
        var isPaused = false
        var end: Result<Void, HTTPError>?
        var reader: CheckedContinuation<Taken, Never>?
    }

    private let state = Mutex(State())

    /// Hands over a piece; false when the reader is behind and the transfer must pause.
    ///
    /// The piece is made only when it is taken, for libcurl offers a refused one again.
    func offer(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let answer: (reader: CheckedContinuation<Taken, Never>?, isTaken: Bool) =
            state.withLock { state in
                if let reader = state.reader {
                    state.reader = nil
                    return (reader, true)
                }
                guard state.waitingBytes < HTTPLimits.streamBufferBytesMax else {
                    state.isPaused = true
                    return (nil, false)
                }
                state.pieces.append(Array(bytes))
                state.waitingBytes += bytes.count
                return (nil, true)
            }
        answer.reader?.resume(returning: Taken(result: .success(Array(bytes))))
        return answer.isTaken
    }

    /// Marks the end; what has been handed over can still be read.
    func finish(_ end: Result<Void, HTTPError>) {
        let reader = state.withLock { state in
            guard state.end == nil else { return nil as CheckedContinuation<Taken, Never>? }
            state.end = end
            // A cancelled reader wants nothing more, and a cut body is known by its error.
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume(returning: Taken(result: end.map { nil }))
    }

    /// Answers the reader with the next piece, now or when it arrives.
    func take(_ reader: CheckedContinuation<Taken, Never>) {
        let answer = state.withLock { state -> Taken? in
            if !state.pieces.isEmpty {
                // All that waits is one piece for the reader: fewer hops than one by one.
                let piece = Array(state.pieces.joined())
                state.pieces.removeAll(keepingCapacity: true)
                state.waitingBytes = 0
                defer { state.isPaused = false }
                return Taken(result: .success(piece), canResume: state.isPaused)
            }
            if let end = state.end {
                return Taken(result: end.map { nil })
            }
            precondition(state.reader == nil, "A body is read by one task at a time.")
            state.reader = reader
            return nil
        }
        if let answer {
            reader.resume(returning: answer)
        }
    }
}
