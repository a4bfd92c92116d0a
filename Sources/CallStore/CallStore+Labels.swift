import GRDB

extension CallStore {
    /// The newest sample of a type, with its entries; nil when none was drawn.
    package func newestSample(ofType type: String) async throws(StoreError) -> LabelSample? {
        try await read { database in
            let row = try Row.fetchOne(
                database,
                sql: """
                    select * from label_samples where type = ? order by created_ms desc, id limit 1
                    """,
                arguments: [type]
            )
            guard let row else { return nil }
            return try CallReading.sample(row, in: database)
        }
    }

    /// The next call of a sample for a person to label; nil when none is left.
    ///
    /// Each call has one labeller, those marked as double two.
    package func nextLabel(
        of sample: LabelSampleID,
        for person: String
    ) async throws(StoreError) -> LabelTask? {
        try await read { database in
            let open = """
                from label_queue
                join label_samples on label_samples.id = label_queue.sample_id
                where sample_id = ?
                and not exists (
                    select 1 from label_readings as own
                    where own.call_id = label_queue.call_id and own.type = label_samples.type
                    and own.person = ?
                )
                and (
                    select count(*) from label_readings as others
                    where others.call_id = label_queue.call_id
                    and others.type = label_samples.type
                ) <= is_double
                """
            let row = try Row.fetchOne(
                database,
                sql: "select call_id, type \(open) order by position limit 1",
                arguments: [sample.text, person]
            )
            guard let row else { return nil }
            return LabelTask(
                sample: sample,
                call: CallID(row["call_id"]),
                type: row["type"],
                left: try Int.fetchOne(
                    database,
                    sql: "select count(*) \(open)",
                    arguments: [sample.text, person]
                ) ?? 0
            )
        }
    }

    /// Labels of a type, by call and then by person; of all types without one.
    package func labels(
        ofType type: String? = nil,
        after call: CallID? = nil,
        limit: Int
    ) async throws(StoreError) -> [LabelReading] {
        try await read { database in
            try Row.fetchAll(
                database,
                sql: """
                    select label_readings.*, calls.conversation_id, calls.started_unix
                    from label_readings join calls on calls.id = label_readings.call_id
                    where (?1 is null or type = ?1) and call_id > ?2
                    order by call_id, type, person limit ?3
                    """,
                arguments: [type, call?.number ?? 0, limit]
            ).map { row in
                LabelReading(
                    call: CallID(row["call_id"]),
                    conversationID: row["conversation_id"],
                    startedUnix: row["started_unix"],
                    type: row["type"],
                    person: row["person"],
                    label: Ternary(rawValue: row["label"]) ?? .unknown,
                    note: row["note"],
                    isBlind: row["is_blind"],
                    sample: (row["sample_id"] as String?).map { LabelSampleID($0) },
                    atMilliseconds: row["labelled_ms"]
                )
            }
        }
    }

    /// What people say of a call.
    package func labels(of call: CallID) async throws(StoreError) -> [ManualLabel] {
        try await read { try CallReading.labels(of: call, in: $0) }
    }

    /// What people say of some calls, where they say anything of a type.
    package func labels(
        of calls: [CallID],
        type: String
    ) async throws(StoreError) -> [CallID: ManualLabel] {
        try await read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    select * from labels where type = ?
                    and call_id in (\(databaseQuestionMarks(count: calls.count)))
                    """,
                arguments: StatementArguments([type]) + StatementArguments(calls.map(\.number))
            )
            return Dictionary(
                rows.map { row in
                    let label = ManualLabel(
                        type: row["type"],
                        label: Ternary(rawValue: row["label"]) ?? .unknown,
                        person: row["person"],
                        note: row["note"]
                    )
                    return (CallID(row["call_id"]), label)
                },
                uniquingKeysWith: { first, _ in first }
            )
        }
    }
}

extension StoreWriter {
    /// Notes what a person says of a call; goes before every rule until `unlabel`.
    ///
    /// - Parameters:
    ///   - call: The call.
    ///   - label: Takes the place of what the same person said before.
    ///   - isBlind: Whether the rules' verdict was hidden.
    ///   - sample: The sample that asked for it.
    /// - Throws: `StoreError.notFound` when there is no such call.
    package func label(
        _ call: CallID,
        _ label: ManualLabel,
        isBlind: Bool = false,
        sample: LabelSampleID? = nil
    ) throws {
        _ = try CallReading.revision(of: call, in: database)
        let arguments: StatementArguments = [
            call.number, label.type, label.label.rawValue, label.person, label.note,
            nowMilliseconds,
        ]
        try run(
            """
            insert into label_readings (
                call_id, type, label, person, note, labelled_ms, is_blind, sample_id
            ) values (?, ?, ?, ?, ?, ?, ?, ?)
            on conflict (call_id, type, person) do update set
                label = excluded.label, note = excluded.note, labelled_ms = excluded.labelled_ms,
                is_blind = excluded.is_blind, sample_id = excluded.sample_id
            """,
            arguments + [isBlind, sample?.text]
        )
        // Who labels blindly and cannot tell has not overruled anybody.
        if isBlind, label.label == .unknown { return }
        try run(
            """
            insert into labels (call_id, type, label, person, note, labelled_ms)
            values (?, ?, ?, ?, ?, ?)
            on conflict (call_id, type) do update set
                label = excluded.label, person = excluded.person, note = excluded.note,
                labelled_ms = excluded.labelled_ms
            """,
            arguments
        )
        try weighAgain(call)
        try audit(
            AuditNote(
                actor: label.person,
                action: "call.label",
                object: "call:\(call)",
                after: AuditNote.fields(
                    ["type": .text(label.type), "label": .text(label.label.rawValue)],
                    note: label.note
                )
            )
        )
    }

    /// Takes the label of a call back; the rules' verdict counts again.
    ///
    /// - Returns: Whether there was one.
    @discardableResult
    package func unlabel(_ call: CallID, type: String, by person: String) throws -> Bool {
        _ = try CallReading.revision(of: call, in: database)
        let readings = try run(
            "delete from label_readings where call_id = ? and type = ?",
            [call.number, type]
        )
        let removed = try run(
            "delete from labels where call_id = ? and type = ?",
            [call.number, type]
        )
        if removed == 1 { try weighAgain(call) }
        guard readings > 0 || removed > 0 else { return false }
        try audit(
            AuditNote(
                actor: person,
                action: "call.unlabel",
                object: "call:\(call)",
                before: ["type": .text(type)]
            )
        )
        return true
    }

    /// Keeps a sample for people to label.
    package func add(_ sample: LabelSample) throws {
        try run(
            """
            insert into label_samples (
                id, type, rule_version, from_unix, to_unix, person, created_ms
            ) values (?, ?, ?, ?, ?, ?, ?)
            """,
            [
                sample.id.text, sample.type, sample.ruleVersion, sample.fromUnix, sample.toUnix,
                sample.person, nowMilliseconds,
            ]
        )
        for (position, entry) in sample.entries.enumerated() {
            try run(
                """
                insert into label_queue (
                    sample_id, position, call_id, stratum, weight, is_double, is_held_back
                ) values (?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    sample.id.text, position, entry.call.number, entry.stratum, entry.weight,
                    entry.isDouble, entry.isHeldBack,
                ]
            )
        }
    }
}

extension CallReading {
    static func sample(_ row: Row, in database: Database) throws -> LabelSample {
        let id: String = row["id"]
        let entries = try Row.fetchAll(
            database,
            sql: "select * from label_queue where sample_id = ? order by position",
            arguments: [id]
        )
        return LabelSample(
            id: LabelSampleID(id),
            type: row["type"],
            ruleVersion: row["rule_version"],
            fromUnix: row["from_unix"],
            toUnix: row["to_unix"],
            person: row["person"],
            createdMilliseconds: row["created_ms"],
            entries: entries.map { entry in
                LabelEntry(
                    call: CallID(entry["call_id"]),
                    stratum: entry["stratum"],
                    weight: entry["weight"],
                    isDouble: entry["is_double"],
                    isHeldBack: entry["is_held_back"]
                )
            }
        )
    }
}
