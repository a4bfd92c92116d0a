extension Batch.Reference {
    /// The batch's name in keys: `b-<worker>.<number>`, or `s-<worker>.<number>` for a solo one.
    package var text: String { "\(isSolo ? "s" : "b")-\(id.worker).\(id.number)" }

    /// The batch that a name stands for; nil when it is none.
    package init?(text: String) {
        guard text.hasPrefix("b-") || text.hasPrefix("s-"), let dot = text.lastIndex(of: "."),
            let number = Int(text[text.index(after: dot)...]),
            text.index(text.startIndex, offsetBy: 2) < dot
        else { return nil }
        let worker: WorkerID
        do {
            worker = try WorkerID(String(text[text.index(text.startIndex, offsetBy: 2)..<dot]))
        } catch {
            return nil
        }
        self.init(id: BatchID(worker: worker, number: number), isSolo: text.hasPrefix("s-"))
    }
}
