import Synchronization

/// Where calls that go on beside the loop lay down what they brought.
final class AnswerBox<Answer: Sendable>: Sendable {
    private let answers = Mutex<[Answer]>([])

    func put(_ answer: Answer) {
        answers.withLock { $0.append(answer) }
    }

    /// Everything laid down since the last call, in order.
    func take() -> [Answer] {
        answers.withLock { answers in
            guard !answers.isEmpty else { return [] }
            defer { answers = [] }
            return answers
        }
    }
}
