import Ambient
import ArgumentParser
import CallStore
import Foundation
import Hosting
import JobQueue
import Reports
import Settings

/// `ringback top`.
struct TopCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Watch the queues on one screen.",
        discussion: """
            Without a terminal, or with --once, it prints the overview once. --check prints what \
            is beyond its limits and ends with 0 (ok), 1 (warning), 2 (critical) or 3 (unknown).
            """
    )

    @Flag(help: "Print the overview once.")
    var once = false

    @Option(help: "Judge instead of showing: oldest=60s,dead=0,poll=30m, each if wanted.")
    var check: String?

    @Option(help: "Time between two looks, at least 1s.")
    var every = DurationArgument.seconds(2)

    @Flag(help: "Let capital letters change things.")
    var actions = false

    @OptionGroup var output: OutputOptions

    /// Columns of the overview where there is no terminal to ask.
    private static let plainColumns = 160

    func validate() throws {
        guard every.duration >= .seconds(1) else {
            throw ValidationError("--every takes at least 1s.")
        }
        if let check, TopCheck(check) == nil {
            throw ValidationError("--check takes limits such as oldest=60s,dead=0,poll=30m.")
        }
    }

    func run(in session: Session) async throws {
        if let limits = check.flatMap({ TopCheck($0) }) {
            await judge(limits, session)
            return
        }
        try await session.withQueues { queues in
            try await session.withStore { store in
                var probe = try TopProbe(queues: queues, store: store, session: session)
                let environment = ProcessInfo.processInfo.environment
                let isDumb = environment["TERM"] == "dumb"
                if !once, !output.json, !isDumb, let terminal = TopTerminal() {
                    let state = TopState(
                        mayAct: actions,
                        everySeconds: Int(every.duration.components.seconds)
                    )
                    var loop = TopLoop(probe: probe, terminal: terminal, state: state)
                    try await loop.run()
                    return
                }
                let snapshot = try await probe.look()
                if output.json {
                    session.terminal.show(snapshot.json)
                } else {
                    printOnce(snapshot, session)
                }
            }
        }
    }

    private func printOnce(_ snapshot: TopSnapshot, _ session: Session) {
        let columns = session.terminal.isInteractive ? TopTerminal.size.columns : Self.plainColumns
        let screen = TopScreen(
            snapshot: snapshot,
            state: TopState(mayAct: false),
            columns: columns,
            rows: 200,
            isASCII: TopLoop.isASCII,
            zone: session.settings.timeZone,
            environment: session.settings.server.environment
        )
        for line in screen.overviewLines {
            let text = line.text
            session.terminal.line(String(text.reversed().drop { $0 == " " }.reversed()))
        }
    }

    /// Prints what is wrong and ends the process by the convention of probes.
    private func judge(_ limits: TopCheck, _ session: Session) async {
        var grade = TopCheck.Grade.unknown
        do {
            let snapshot = try await session.withQueues { queues in
                try await session.withStore { store in
                    var probe = try TopProbe(queues: queues, store: store, session: session)
                    return try await probe.look()
                }
            }
            let verdict = limits.judge(snapshot)
            grade = verdict.grade
            if output.json {
                session.terminal.show(
                    .fields(
                        ("grade", .text("\(grade)")),
                        ("problems", .list(verdict.lines.map(JSONValue.text)))
                    )
                )
            } else {
                session.terminal.line(
                    verdict.lines.isEmpty ? "ok" : verdict.lines.joined(separator: "; ")
                )
            }
        } catch {
            session.terminal.line("unknown: \(CommandFailure.failure(error).line)")
        }
        Foundation.exit(Int32(grade.rawValue))
    }
}

/// The loop of the screen: looks, draws, takes keys.
struct TopLoop {
    /// Longest wait between two tries while Redis does not answer.
    private static let retryMax = Duration.seconds(30)

    /// How often the loop looks at the clock: soon enough for an interval of whole seconds.
    private static let tick = Duration.milliseconds(200)

    private var probe: TopProbe
    private let terminal: TopTerminal
    private var state: TopState
    private var snapshot: TopSnapshot?
    private var detail = TopDetail.none
    private var outage: (since: Duration, reason: String, tries: Int)?
    private var cost = ""
    private var lastLook = Duration.zero

    init(probe: TopProbe, terminal: TopTerminal, state: TopState) {
        self.probe = probe
        self.terminal = terminal
        self.state = state
    }

    /// Whether the terminal says that it has no other letters.
    static var isASCII: Bool {
        let environment = ProcessInfo.processInfo.environment
        let locale = environment["LC_ALL"] ?? environment["LC_CTYPE"] ?? environment["LANG"] ?? ""
        return !locale.uppercased().contains("UTF")
    }

    private static var mayColour: Bool {
        (ProcessInfo.processInfo.environment["NO_COLOR"] ?? "").isEmpty
    }

    private var ambient: Ambient { probe.session.ambient }

    mutating func run() async throws {
        await look()
        draw()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [terminal, ambient] in
                while !Task.isCancelled {
                    try await ambient.sleep(for: Self.tick)
                    terminal.tick()
                }
            }
            for await event in terminal.events where try await take(event) { break }
            group.cancelAll()
        }
    }

    /// Takes what happened; returns whether the program ends.
    private mutating func take(_ event: TopTerminal.Event) async throws -> Bool {
        switch event {
        case .tick:
            guard !state.isFrozen, ambient.elapsed() >= lastLook + wait else { return false }
            await look()
        case .keys(let keys):
            for key in keys where try await press(key) { return true }
        case .resized:
            break
        case .resumed:
            terminal.resume()
        case .closed:
            return true
        }
        draw()
        return false
    }

    private var wait: Duration {
        guard let outage else { return .seconds(state.everySeconds) }
        return min(Self.retryMax, .seconds(state.everySeconds) * (1 << min(outage.tries, 5)))
    }

    /// Takes a key; returns whether the program ends.
    private mutating func press(_ key: TopKey) async throws -> Bool {
        let rows = screen?.rowNames ?? TopState.Rows()
        guard let effect = state.press(key, rows: rows) else {
            follow()
            return false
        }
        switch effect {
        case .quit:
            return true
        case .suspend:
            terminal.suspend()
        case .load:
            await look()
        case .pause, .resume, .retryDead, .discardDead, .cancel:
            do {
                state.message = try await probe.act(effect)
            } catch {
                state.message = CommandFailure.failure(error).line
            }
            state.unmark()
            await look()
        }
        return false
    }

    private mutating func look() async {
        let begin = ambient.elapsed()
        do {
            snapshot = try await probe.look()
            detail = try await probe.detail(state)
            outage = nil
        } catch {
            outage = (
                outage?.since ?? begin, CommandFailure.failure(error).line,
                (outage?.tries ?? 0) + 1
            )
        }
        follow()
        lastLook = ambient.elapsed()
        cost = "looking took \(TopText.span(ambient.elapsed() - begin))"
    }

    /// Keeps the cursor on its row.
    private mutating func follow() {
        if let screen { state.follow(screen.rowNames) }
    }

    private var screen: TopScreen? {
        guard let snapshot else { return nil }
        let size = TopTerminal.size
        let since = outage.map { outage in
            let age = TopText.age(ambient.elapsed() - outage.since)
            return "no answer for \(age), trying again in \(TopText.age(wait)): \(outage.reason)"
        }
        return TopScreen(
            snapshot: snapshot,
            state: state,
            detail: detail,
            columns: size.columns,
            rows: size.rows,
            isASCII: Self.isASCII,
            zone: probe.session.settings.timeZone,
            environment: probe.session.settings.server.environment,
            outage: since,
            cost: cost
        )
    }

    private func draw() {
        let lines = screen?.lines() ?? [TopLine(outage?.reason ?? "looking")]
        let isColoured = Self.mayColour && !state.isPlain
        probe.session.terminal.write(TopTerminal.draw(lines, isColoured: isColoured))
    }
}
