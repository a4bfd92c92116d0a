package import RedisClient

/// The scripts of a queue, each with the head that they share.
package struct QueueScripts: Sendable {
    package internal(set) var enqueue: RedisScript
    package internal(set) var tick: RedisScript
    package internal(set) var turn: RedisScript
    package internal(set) var beat: RedisScript
    package internal(set) var reap: RedisScript
    package internal(set) var forget: RedisScript
    package internal(set) var leave: RedisScript
    package internal(set) var ring: RedisScript
    package internal(set) var prepare: RedisScript
    package internal(set) var pause: RedisScript
    package internal(set) var cancel: RedisScript
    package internal(set) var dead: RedisScript
    package internal(set) var runNow: RedisScript
    package internal(set) var figures: RedisScript
    package internal(set) var workers: RedisScript
    package internal(set) var list: RedisScript
    package internal(set) var find: RedisScript

    /// The scripts as they are shipped.
    package static let shipped = QueueScripts { _, source in source }

    /// The scripts with each text changed, for tests that plant faults or set the clock.
    ///
    /// - Parameter change: Gets a script's name and its whole text, head included.
    package init(change: (_ name: String, _ source: String) -> String) {
        func script(_ name: String, _ parts: [UInt8]...) -> RedisScript {
            let whole = ([PackageResources.prelude_lua] + parts)
                .map { String(decoding: $0, as: UTF8.self) }.joined(separator: "\n")
            return RedisScript(name: name, source: change(name, whole))
        }
        let admit = PackageResources.admit_lua
        enqueue = script("enqueue", admit, PackageResources.enqueue_lua)
        tick = script("tick", admit, PackageResources.tick_lua)
        turn = script("turn", PackageResources.handpushed_lua, PackageResources.turn_lua)
        beat = script("beat", PackageResources.beat_lua)
        reap = script("reap", PackageResources.reap_lua)
        forget = script("forget", PackageResources.forget_lua)
        leave = script("leave", PackageResources.leave_lua)
        ring = script("ring", PackageResources.ring_lua)
        prepare = script("prepare", PackageResources.prepare_lua)
        pause = script("pause", PackageResources.pause_lua)
        cancel = script("cancel", PackageResources.cancel_lua)
        dead = script("dead", PackageResources.dead_lua)
        runNow = script("runnow", PackageResources.runnow_lua)
        figures = script("figures", PackageResources.figures_lua)
        workers = script("workers", PackageResources.workers_lua)
        list = script("list", PackageResources.list_lua)
        find = script("find", PackageResources.find_lua)
    }
}
