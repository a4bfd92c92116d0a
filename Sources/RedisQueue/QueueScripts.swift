package import JobQueue
package import RedisClient

/// The queue's scripts as they are sent: constants, clock, the usual case of an idle queue, prelude
/// and body.
package struct QueueScripts: Sendable {
    /// The layout of the keys that these scripts read and write; they refuse a newer one.
    ///
    /// A queue has layout 2 from the first envelope of version 2 on.
    package static let layout = 2

    package let enqueue: RedisScript
    package let tick: RedisScript
    package let pauseSchedule: RedisScript
    package let resumeSchedule: RedisScript
    package let feed: RedisScript
    package let closeFeed: RedisScript
    package let turn: RedisScript
    package let beat: RedisScript
    package let reap: RedisScript
    package let forget: RedisScript
    package let ring: RedisScript
    package let leave: RedisScript
    package let pause: RedisScript
    package let resume: RedisScript
    package let cancel: RedisScript
    package let retryDead: RedisScript
    package let discardDead: RedisScript
    package let runNow: RedisScript
    package let purge: RedisScript
    package let limits: RedisScript
    package let marks: RedisScript
    package let limitSet: RedisScript
    package let figures: RedisScript
    package let workers: RedisScript
    package let audit: RedisScript
    package let situation: RedisScript
    package let holder: RedisScript
    package let page: RedisScript
    package let job: RedisScript
    package let rights: RedisScript
    package let prepare: RedisScript

    /// The scripts as they ship, with the limits that ship.
    package static let shipped = QueueScripts()

    /// The scripts as they ship.
    package init(tuning: QueueTuning = QueueTuning()) {
        self.init(tuning: tuning) { _, source in source }
    }

    /// The scripts with their texts changed; for tests that plant defects or set the time.
    ///
    /// - Parameters:
    ///   - tuning: The limits, written into each script.
    ///   - rewrite: Gets name and whole text of each script, and returns its text.
    package init(tuning: QueueTuning, rewrite: (_ name: String, _ source: String) -> String) {
        let clock = Self.constants(tuning) + Self.text(PackageResources.clock_lua)
        let prelude = Self.text(PackageResources.prelude_lua)
        func script(_ name: String, idle: [UInt8] = [], _ parts: [UInt8]...) -> RedisScript {
            let source =
                clock + Self.text(idle) + prelude + parts.map(Self.text).joined(separator: "\n")
            return RedisScript(name: name, source: rewrite(name, source))
        }
        enqueue = script(
            "enqueue",
            idle: PackageResources.enqueue_idle_lua,
            PackageResources.memory_lua,
            PackageResources.pressure_lua,
            PackageResources.enqueue_lua
        )
        tick = script(
            "tick",
            PackageResources.memory_lua,
            PackageResources.pressure_lua,
            PackageResources.tick_lua
        )
        pauseSchedule = script("pause-schedule", PackageResources.pause_schedule_lua)
        resumeSchedule = script("resume-schedule", PackageResources.resume_schedule_lua)
        feed = script(
            "feed",
            PackageResources.memory_lua,
            PackageResources.pressure_lua,
            PackageResources.feed_lua
        )
        closeFeed = script("close-feed", PackageResources.close_feed_lua)
        marks = script(
            "marks",
            PackageResources.memory_lua,
            PackageResources.pressure_lua,
            PackageResources.marks_lua
        )
        turn = script(
            "turn",
            idle: PackageResources.turn_idle_lua,
            PackageResources.adopt_lua,
            PackageResources.turn_lua
        )
        beat = script("beat", PackageResources.memory_lua, PackageResources.beat_lua)
        reap = script("reap", PackageResources.reap_lua)
        forget = script("forget", PackageResources.forget_lua)
        ring = script("ring", PackageResources.ring_lua)
        leave = script("leave", PackageResources.leave_lua)
        pause = script("pause", PackageResources.pause_lua)
        resume = script("resume", PackageResources.resume_lua)
        cancel = script("cancel", PackageResources.cancel_lua)
        retryDead = script("retry-dead", PackageResources.retry_dead_lua)
        discardDead = script("discard-dead", PackageResources.discard_dead_lua)
        runNow = script("run-now", PackageResources.run_now_lua)
        purge = script("purge", PackageResources.purge_lua)
        limits = script("limits", PackageResources.limits_lua)
        limitSet = script("limit-set", PackageResources.limit_set_lua)
        figures = script("figures", PackageResources.figures_lua)
        workers = script("workers", PackageResources.workers_lua)
        audit = script("audit", PackageResources.audit_lua)
        situation = script("situation", PackageResources.situation_lua)
        holder = script("holder", PackageResources.holder_lua)
        page = script("page", PackageResources.page_lua)
        job = script("job", PackageResources.job_lua)
        prepare = script("prepare", PackageResources.prepare_lua)
        rights = script("rights", PackageResources.rights_lua)
    }

    /// One line of Lua that gives the scripts their limits.
    private static func constants(_ tuning: QueueTuning) -> String {
        let values: [(String, Int64)] = [
            ("LAYOUT", Int64(layout)),
            ("LEASE", tuning.lease.queueMilliseconds),
            ("GRACE", tuning.grace.queueMilliseconds),
            ("SOLO_DUTY", tuning.soloDuty.queueMilliseconds),
            ("SUSPECT_AGE", tuning.suspectAgeMax.queueMilliseconds),
            ("CALL_MEMORY", tuning.callMemory.queueMilliseconds),
            ("BATCH_BYTES", Int64(tuning.batchBytesMax)),
            ("PAYLOAD_BYTES", Int64(tuning.payloadBytesMax)),
            ("CRASHES", Int64(tuning.crashesMax)),
            ("DEAD_COUNT", Int64(tuning.deadMax)),
            ("DEAD_AGE", tuning.deadAge.queueMilliseconds),
            ("PER_CALL", Int64(QueueLimits.jobsPerCallMax)),
            ("MEASURE_EVERY", QueueLimits.memoryMeasureEvery.queueMilliseconds),
            ("MEASURED_LAST", QueueLimits.memoryMeasuredLast.queueMilliseconds),
            ("SOFT_DEPTH", Int64(tuning.marks.depth.soft)),
            ("HARD_DEPTH", Int64(tuning.marks.depth.hard)),
            ("LAST_DEPTH", Int64(tuning.marks.depth.last)),
            ("SOFT_MEMORY", Int64(tuning.marks.memoryPercent.soft)),
            ("HARD_MEMORY", Int64(tuning.marks.memoryPercent.hard)),
            ("LAST_MEMORY", Int64(tuning.marks.memoryPercent.last)),
        ]
        let names = values.map(\.0).joined(separator: ", ")
        let numbers = values.map { String($0.1) }.joined(separator: ", ")
        return "local \(names) = \(numbers)\n"
    }

    private static func text(_ bytes: [UInt8]) -> String {
        String(decoding: bytes, as: UTF8.self)
    }
}
