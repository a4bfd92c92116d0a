import CallJobs
package import CallStore
package import Foundation
import JobQueue
package import PhoneNumbers

/// What people do by hand: assign calls, change campaigns, close months.
///
/// Each method is one transaction with the jobs that follow from it; command line and dashboard
/// call the same.
package struct AttributionDesk: Sendable {
    private let store: CallStore
    private let attributor: Attributor
    private let calendar: Calendar

    /// - Parameters:
    ///   - store: The open store.
    ///   - timeZone: The zone of the reports.
    package init(store: CallStore, timeZone: TimeZone) {
        self.store = store
        attributor = Attributor(store: store, rules: AttributionRules(timeZone: timeZone))
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = timeZone
        self.calendar = calendar
    }

    // MARK: Calls

    /// Pins calls to a campaign, or to none.
    ///
    /// - Returns: What was done.
    /// - Throws: `StoreError.notFound`, or `rejected` with what is wrong.
    @discardableResult
    package func assign(_ new: NewAssignment) async throws(StoreError) -> AssignmentReceipt {
        var new = new
        if new.scope == .future, new.untilUnix == nil {
            new.untilUnix = try await windowEnd(of: new.call, in: new.campaign)
        }
        let assignment = new
        return try await store.write { try $0.assign(assignment) }
    }

    /// When the window ends in which a call's caller is a campaign's, Unix seconds.
    ///
    /// From the last touch before the call where a recipient with the number is known, else from
    /// the call itself.
    package func windowEnd(
        of call: CallID,
        in campaign: CampaignID?
    ) async throws(StoreError) -> Int64 {
        let inputs = try await store.attributionInputs(
            of: [call],
            candidatesMax: Attributor.candidatesMax
        )
        guard let input = inputs.first else { throw StoreError.notFound(what: "call \(call)") }
        guard let campaign, let target = try await store.campaign(campaign) else {
            // Nobody's window: as long as the longest default.
            let days = CampaignChannel.mail.windowDaysDefault
            return input.startedUnix + Int64(days) * AttributionRules.secondsPerDay
        }
        let touch = input.candidates.filter { $0.campaign.id == campaign }
            .flatMap(\.windowStarts).filter { $0 <= input.startedUnix }.max()
        let length =
            Int64(target.windowDays(atUnix: input.startedUnix)) * AttributionRules.secondsPerDay
        // A window that is over already would cover nothing.
        let end = (touch ?? input.startedUnix) + length
        return end > input.startedUnix ? end : input.startedUnix + length
    }

    /// Takes a call's pin away; the rules decide it again.
    ///
    /// - Returns: Nil when it has none.
    /// - Throws: `StoreError.notFound`, or `rejected` with what is wrong.
    package func release(
        _ call: CallID,
        by person: String,
        note: String? = nil,
        overrideReason: String? = nil
    ) async throws(StoreError) -> AssignmentReceipt? {
        try await store.write { writer in
            let receipt = try writer.release(
                call,
                by: person,
                note: note,
                overrideReason: overrideReason
            )
            if let receipt { try Self.decideAgain(receipt.calls, writer) }
            return receipt
        }
    }

    /// Undoes the last thing that a person said of a call, with all the calls that it reached.
    ///
    /// - Returns: What was undone and what that did; nil when nobody has said anything.
    /// - Throws: `StoreError.rejected` with what is wrong.
    package func undoLast(
        of call: CallID,
        by person: String,
        note: String? = nil,
        overrideReason: String? = nil
    ) async throws(StoreError) -> (undone: Assignment, receipt: AssignmentReceipt)? {
        try await store.write { writer in
            guard let last = try writer.lastAssignment(of: call) else { return nil }
            let receipt = try writer.undo(
                last.id,
                by: person,
                note: note,
                overrideReason: overrideReason
            )
            try Self.decideAgain(receipt.calls, writer)
            return (last, receipt)
        }
    }

    /// Undoes one thing that a person said, with all the calls that it reached.
    ///
    /// - Returns: What that did.
    /// - Throws: `StoreError.notFound`, or `rejected` with what is wrong.
    package func undo(
        _ id: AssignmentID,
        by person: String,
        note: String? = nil,
        overrideReason: String? = nil
    ) async throws(StoreError) -> AssignmentReceipt {
        try await store.write { writer in
            let receipt = try writer.undo(
                id,
                by: person,
                note: note,
                overrideReason: overrideReason
            )
            try Self.decideAgain(receipt.calls, writer)
            return receipt
        }
    }

    /// Campaigns that may have caused a call, the likeliest first; none is counted.
    ///
    /// - Parameters:
    ///   - call: Which call.
    ///   - numbers: Reads the numbers that were given in the call; nil leaves them out.
    ///   - region: For numbers without a country code.
    /// - Returns: At most `AttributionRules.suggestionsMax`.
    /// - Throws: `StoreError`.
    package func suggestions(
        for call: CallID,
        numbers: NumberNormalizer? = nil,
        region: Region? = nil
    ) async throws(StoreError) -> [Suggestion] {
        let inputs = try await store.attributionInputs(
            of: [call],
            candidatesMax: Attributor.candidatesMax
        )
        guard let input = inputs.first else { return [] }
        var hints = SuggestionHints()
        let others = try await store.campaignsOfCaller(
            of: call,
            limit: AttributionRules.suggestionsMax
        )
        for id in others {
            if let campaign = try await store.campaign(id) { hints.otherCalls.append(campaign) }
        }
        if let numbers { hints.spoken = try await spoken(in: call, numbers, region) }
        return attributor.rules.suggestions(try await attributor.facts(of: input), hints: hints)
    }

    /// Values that the upstream drew from a call and that are looked at for numbers.
    private static let collectedMax = 20

    private func spoken(
        in call: CallID,
        _ numbers: NumberNormalizer,
        _ region: Region?
    ) async throws(StoreError) -> [RecipientMatch] {
        guard let call = try await store.call(call) else { return [] }
        var given: [E164] = []
        for value in (call.record.collected ?? []).prefix(Self.collectedMax) {
            let text: String
            switch value.value {
            case .text(let value): text = value
            case .integer(let value): text = String(value)
            default: continue
            }
            if let number = numbers.read(text, region: region).e164 { given.append(number) }
        }
        guard !given.isEmpty else { return [] }
        return try await store.recipientsMatching(
            given,
            in: call.record.identity.workspace,
            limit: Attributor.candidatesMax
        )
    }

    // MARK: Campaigns

    /// Writes a changed campaign, and has the calls decided again that the change reaches.
    ///
    /// - Parameters:
    ///   - campaign: As it is to be.
    ///   - recompute: Starts of the calls to be decided again; nil for none.
    ///   - person: Who changes it.
    ///   - note: Why.
    /// - Returns: The names of the fields that are others than before.
    /// - Throws: `StoreError.notFound`, or `rejected` with what is wrong.
    @discardableResult
    package func change(
        _ campaign: Campaign,
        recompute: (fromUnix: Int64, toUnix: Int64)?,
        by person: String,
        note: String? = nil
    ) async throws(StoreError) -> [String] {
        try await store.write { writer in
            let changed = try writer.update(campaign, by: person, note: note)
            if let recompute, !changed.isEmpty { try Self.decideRange(recompute, writer) }
            return changed
        }
    }

    // MARK: Months

    /// The bounds of a month such as `2026-05` in the zone of the reports; nil when it is none.
    package func month(_ text: String) -> (fromUnix: Int64, toUnix: Int64)? {
        Self.bounds(ofMonth: text, in: calendar.timeZone)
    }

    /// The first second of a month in a zone, and the first after it; nil when it is none.
    package static func bounds(
        ofMonth text: String,
        in zone: TimeZone
    ) -> (fromUnix: Int64, toUnix: Int64)? {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].utf8.count == 4, parts[1].utf8.count == 2,
            let year = Int(parts[0]), let month = Int(parts[1]), (1...12).contains(month),
            let start = calendar.date(from: DateComponents(year: year, month: month, day: 1)),
            let end = calendar.date(byAdding: .month, value: 1, to: start)
        else { return nil }
        return (Int64(start.timeIntervalSince1970), Int64(end.timeIntervalSince1970))
    }

    /// Closes a month: no rule changes any more what its calls are credited to.
    ///
    /// - Returns: Whether it was open.
    /// - Throws: `StoreError.rejected` when it is no month, or has not ended.
    package func close(
        month text: String,
        by person: String,
        note: String? = nil,
        nowUnix: Int64
    ) async throws(StoreError) -> Bool {
        guard let bounds = month(text) else {
            throw .rejected(reason: "\"\(text)\" is no month such as 2026-05")
        }
        guard bounds.toUnix <= nowUnix else {
            throw .rejected(reason: "\(text) has not ended")
        }
        let month = ClosedMonth(
            month: text,
            fromUnix: bounds.fromUnix,
            toUnix: bounds.toUnix,
            timeZone: calendar.timeZone.identifier,
            person: person,
            note: note
        )
        return try await store.write { try $0.close(month) }
    }

    /// Opens a month again, and has its calls decided again.
    ///
    /// - Returns: Whether it was closed.
    /// - Throws: `StoreError`.
    package func open(
        month: String,
        by person: String,
        reason: String
    ) async throws(StoreError) -> Bool {
        try await store.write { writer in
            guard let closed = try writer.open(month: month, by: person, reason: reason) else {
                return false
            }
            try Self.decideRange((closed.fromUnix, closed.toUnix), writer)
            return true
        }
    }

    // MARK: Jobs that follow

    private static func decideAgain(_ calls: [CallID], _ writer: StoreWriter) throws {
        for calls in AttributionArguments.batches(of: calls) {
            try writer.addToOutbox(OutboxJob(AttributionArguments(.calls(calls))))
        }
    }

    private static func decideRange(
        _ range: (fromUnix: Int64, toUnix: Int64),
        _ writer: StoreWriter
    ) throws {
        let selection = CallSelection.range(
            fromUnix: range.fromUnix,
            toUnix: range.toUnix,
            after: nil
        )
        try writer.addToOutbox(OutboxJob(AttributionArguments(selection), lane: .low))
    }
}
