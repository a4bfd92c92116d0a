import CallStore
import Console
import JobQueue
import Testing

@Suite("top: keys, rates and checks")
struct TopKeyTests {
    private static var rows: TopState.Rows {
        get throws {
            var rows = TopState.Rows()
            rows.queues = ["sync", "export"]
            rows.jobs = [try JobID("a"), try JobID("b")]
            rows.groups = [.init(queue: "sync", reason: "timeout", ids: [try JobID("a")])]
            return rows
        }
    }

    /// Presses keys one after another; returns the last effect.
    private func press(_ keys: String, _ state: inout TopState) throws -> TopEffect? {
        var effect: TopEffect?
        for character in keys {
            let key: TopKey =
                switch character {
                case "\n": .enter
                case "\u{1B}": .escape
                default: .character(character)
                }
            effect = state.press(key, rows: try Self.rows)
        }
        return effect
    }

    @Test(
        "keys move through the screens",
        arguments: [
            ("", TopState.Screen.overview), ("\n", .queue("sync")), ("j\n", .queue("export")),
            ("jjjj\n", .queue("export")), ("jk\n", .queue("sync")), ("w", .workers),
            ("c", .schedules), ("d", .dead), ("\n\u{1B}", .overview), ("\nq", .overview),
            ("?\n", .overview),
        ]
    )
    func screens(keys: String, screen: TopState.Screen) throws {
        var state = TopState(mayAct: false)
        _ = try press(keys, &state)
        #expect(state.screen == screen)
    }

    @Test("q quits at the top only, Ctrl-C everywhere, also while something is typed")
    func quitting() throws {
        var state = TopState(mayAct: false)
        #expect(try press("q", &state) == .quit)
        #expect(try press("\nq", &state) == .load)
        _ = try press("\n/", &state)
        #expect(state.press(.interrupt, rows: try Self.rows) == .quit)
    }

    @Test("lower case never changes anything, whatever is pressed")
    func lowerCase() throws {
        for first in "abcdefghijklmnopqrstuvwxyz/+-?123 \n\u{1B}" {
            for second in "abcdefghijklmnopqrstuvwxyz \n\u{1B}" {
                var state = TopState(mayAct: true)
                for character in [first, second] {
                    switch try press(String(character), &state) {
                    case nil, .quit, .load, .suspend: break
                    case let effect:
                        Issue.record("\(first)\(second): \(String(describing: effect))")
                    }
                }
            }
        }
    }

    @Test("capitals change something only with --actions")
    func readOnly() throws {
        for keys in ["P", "R", "\nP", "\nK", "dR", "dD"] {
            var state = TopState(mayAct: false)
            #expect(try press(keys, &state) == nil)
            #expect(state.prompt == nil)
            #expect(state.message.hasPrefix("read-only"))
        }
    }

    @Test("with --actions they do, and destroying asks for the queue's name")
    func actions() throws {
        var state = TopState(mayAct: true)
        #expect(try press("P", &state) == .pause(queue: "sync"))
        #expect(try press("jR", &state) == .resume(queue: "export"))
        state = TopState(mayAct: true)
        #expect(try press("\nK", &state) == .cancel(queue: "sync", ids: [try JobID("a")]))
        #expect(try press("xjxK", &state) == nil)
        let both = [try JobID("a"), try JobID("b")]
        #expect(try press("sync\n", &state) == .cancel(queue: "sync", ids: both))
        state = TopState(mayAct: true)
        state.tab = .dead
        #expect(try press("\nD", &state) == nil)
        #expect(try press("export\n", &state) == nil)
        #expect(state.message == "not done: export is not sync")
        #expect(try press("D", &state) == nil)
        #expect(try press("sync\n", &state) == .discardDead(queue: "sync", ids: [both[0]]))
        state = TopState(mayAct: true)
        #expect(try press("dR", &state) == nil)
        #expect(try press("sync\n", &state) == .retryDead(queue: "sync", ids: [both[0]]))
    }

    private static func jobs(_ names: String...) throws -> TopState.Rows {
        var rows = try rows
        rows.jobs = try names.map { try JobID($0) }
        return rows
    }

    @Test("act on the jobs that were chosen, wherever their rows are by then")
    func movingRows() throws {
        var state = TopState(mayAct: true)
        _ = try press("\nj", &state)
        let moved = try Self.jobs("new", "a", "b")
        state.follow(moved)
        #expect(state.selection == 2)
        #expect(
            state.press(.character("K"), rows: moved)
                == .cancel(queue: "sync", ids: [try JobID("b")])
        )
        _ = state.press(.character("x"), rows: moved)
        #expect(state.markedRows(among: moved) == [2])
        let again = try Self.jobs("b", "newer", "new", "a")
        #expect(state.markedRows(among: again) == [0])
        #expect(
            state.press(.character("K"), rows: again)
                == .cancel(queue: "sync", ids: [try JobID("b")])
        )
    }

    @Test("nothing is done to a row that took the place of the one under the cursor")
    func lostRow() throws {
        var state = TopState(mayAct: true)
        _ = try press("\nj", &state)
        let rest = try Self.jobs("a", "c")
        #expect(state.press(.character("K"), rows: rest) == nil)
        #expect(state.message.contains("has gone"))
        #expect(!state.hasRow)
        #expect(state.press(.enter, rows: rest) == nil)
        _ = state.press(.down, rows: rest)
        #expect(
            state.press(.character("K"), rows: rest)
                == .cancel(queue: "sync", ids: [try JobID("c")])
        )
        let none = try Self.jobs()
        #expect(state.press(.character("K"), rows: none) == nil)
        #expect(state.press(.down, rows: none) == nil)
    }

    @Test("marks go with the rows that a filter takes away, and all of them stay all")
    func marks() throws {
        var state = TopState(mayAct: true)
        state.tab = .dead
        _ = try press("\nx/b\n", &state)
        #expect(state.marked.isEmpty)
        _ = try press("A", &state)
        let more = try Self.jobs("a", "b", "c")
        #expect(state.press(.character("R"), rows: more) == nil)
        let both = [try JobID("a"), try JobID("b")]
        #expect(
            state.prompt
                == .confirm(.retryDead(queue: "sync", ids: both), queue: "sync", typed: "")
        )
    }

    @Test("when the marked rows have gone, the one under the cursor is not taken for them")
    func lostMarks() throws {
        var state = TopState(mayAct: true)
        _ = try press("\nxj", &state)
        let rest = try Self.jobs("b", "c")
        #expect(state.press(.character("K"), rows: rest) == nil)
        #expect(state.message.contains("marked rows have gone"))
        _ = state.press(.up, rows: rest)
        #expect(
            state.press(.character("K"), rows: rest)
                == .cancel(queue: "sync", ids: [try JobID("b")])
        )
    }

    @Test("another tab or page begins with its own first row")
    func otherRows() throws {
        var state = TopState(mayAct: true)
        _ = try press("\njl", &state)
        let others = try Self.jobs("x", "y")
        state.follow(others)
        #expect(state.hasRow && state.selection == 0)
        #expect(
            state.press(.character("K"), rows: others)
                == .cancel(queue: "sync", ids: [try JobID("x")])
        )
    }

    @Test("the cursor stays on its queue while they change places")
    func movingQueues() throws {
        var state = TopState(mayAct: true)
        _ = try press("j", &state)
        var rows = try Self.rows
        rows.queues = ["export", "sync"]
        #expect(state.press(.character("P"), rows: rows) == .pause(queue: "export"))
    }

    @Test("a filter is typed, and Esc takes it back")
    func filter() throws {
        var state = TopState(mayAct: false)
        _ = try press("/exq\n", &state)
        #expect(state.filter == "exq")
        #expect(try press("\u{1B}", &state) == nil)
        #expect(state.filter == "")
    }

    @Test(
        "what a terminal sends becomes keys",
        arguments: [
            ("j", [TopKey.character("j")]), ("\u{1B}[A", [.up]), ("\u{1B}OB", [.down]),
            ("\u{1B}", [.escape]), ("\r", [.enter]), ("\u{7F}", [.backspace]),
            ("\u{03}", [.interrupt]), ("\u{1A}", [.suspend]),
            ("\u{1B}[C\u{1B}[D", [.right, .left]),
            ("\u{1B}[200~", []), ("\u{00}", []),
        ]
    )
    func bytes(text: String, keys: [TopKey]) {
        #expect(TopKey.keys(in: Array(text.utf8)) == keys)
    }

    @Test("rates come from counters that rise; a reset shows none, never a negative one")
    func rates() throws {
        var rates = TopRates()
        #expect(rates.perMinute(of: "sync") == nil)
        rates.note(["sync": QueueCounters(enqueued: 10, succeeded: 10)], at: .seconds(0))
        #expect(rates.perMinute(of: "sync") == nil)
        rates.note(["sync": QueueCounters(enqueued: 40, succeeded: 30)], at: .seconds(30))
        let rate = try #require(rates.perMinute(of: "sync"))
        #expect(rate.in == 60)
        #expect(rate.out == 40)
        rates.note(["sync": QueueCounters(enqueued: 1, succeeded: 1)], at: .seconds(32))
        #expect(rates.perMinute(of: "sync") == nil)
    }

    @Test("the small graph has a part for each tenth of ten minutes that was looked at")
    func history() {
        var rates = TopRates()
        for minute in 0..<4 {
            rates.note(
                ["sync": QueueCounters(succeeded: minute * minute)],
                at: .seconds(minute * 60)
            )
        }
        #expect(rates.history(of: "sync") == [0, 1, 3, 5])
    }

    @Test(
        "limits are read whole or not at all",
        arguments: ["", "oldest", "oldest=", "dead=-1", "dead=0,", "color=1", "oldest=60s,x=1"]
    )
    func badLimits(text: String) {
        #expect(TopCheck(text) == nil)
    }

    @Test("a check is ok, a warning, or critical")
    func grades() throws {
        let snapshot = try TopSample.snapshot()
        var calm = snapshot
        calm.queues = [.init(name: "sync", figures: TopSample.figures(oldest: .seconds(61)))]
        let limits = try #require(TopCheck("oldest=60s,dead=0,poll=30m"))
        #expect(limits.judge(calm).grade == .warning)
        calm.queues = [.init(name: "sync", figures: TopSample.figures(oldest: .seconds(60)))]
        #expect(limits.judge(calm).grade == .ok)
        #expect(limits.judge(calm).lines == [])
        calm.queues = [.init(name: "sync", figures: TopSample.figures(oldest: .seconds(121)))]
        #expect(limits.judge(calm).grade == .critical)
        calm.queues = [.init(name: "sync", figures: TopSample.figures(workers: 0))]
        #expect(limits.judge(calm).grade == .warning)
        calm.queues = [.init(name: "sync", figures: TopSample.figures(waiting: 1, workers: 0))]
        #expect(limits.judge(calm).grade == .critical)
        // What is due but parked is work: only workers would queue it.
        var due = TopSample.figures(workers: 0)
        due.nextDueMilliseconds = due.nowMilliseconds - 130_000
        calm.queues = [.init(name: "sync", figures: due)]
        #expect(limits.judge(calm).grade == .critical)
        #expect(limits.judge(calm).lines.contains("sync: the oldest job waits for 2m 10s"))
        #expect(WorkersNeeded.count(due, recent: nil) == 1)
        calm.queues = []
        calm.pulse.lastPollMilliseconds = nil
        #expect(limits.judge(calm) == (.warning, ["never polled"]))
        let all = limits.judge(snapshot)
        #expect(all.grade == .critical)
        #expect(all.lines.contains("upkeep: no worker is alive"))
        #expect(all.lines.last == "upkeep: 2 dead jobs")
    }
}
