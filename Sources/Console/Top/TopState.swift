package import JobQueue

/// One key that a person pressed.
package enum TopKey: Sendable, Equatable {
    case character(Character)
    case enter
    case escape
    case backspace
    case up
    case down
    case left
    case right

    /// Ctrl-C, which always ends.
    case interrupt

    /// Ctrl-Z.
    case suspend

    /// The keys of what a terminal sent in one piece.
    package static func keys(in bytes: [UInt8]) -> [TopKey] {
        var keys: [TopKey] = []
        var rest = bytes[...]
        let arrows: [UInt8: TopKey] = [0x41: .up, 0x42: .down, 0x43: .right, 0x44: .left]
        while let byte = rest.first {
            let next = rest.dropFirst().first
            if byte == 0x1B, next == UInt8(ascii: "[") || next == UInt8(ascii: "O"),
                let final = rest.dropFirst(2).firstIndex(where: { (0x40...0x7E).contains($0) })
            {
                if let key = arrows[rest[final]] { keys.append(key) }
                rest = rest[(final + 1)...]
                continue
            }
            switch byte {
            case 0x03: keys.append(.interrupt)
            case 0x1A: keys.append(.suspend)
            case 0x1B: keys.append(.escape)
            case 0x0A, 0x0D: keys.append(.enter)
            case 0x08, 0x7F: keys.append(.backspace)
            case 0x20...0x7E: keys.append(.character(Character(Unicode.Scalar(byte))))
            default: break
            }
            rest = rest.dropFirst()
        }
        return keys
    }
}

/// What a key asks the program to do besides drawing anew.
package enum TopEffect: Sendable, Equatable {
    case quit
    case suspend

    /// Read what the present screen shows.
    case load
    case pause(queue: String)
    case resume(queue: String)
    case retryDead(queue: String, ids: [JobID])
    case discardDead(queue: String, ids: [JobID])
    case cancel(queue: String, ids: [JobID])
}

/// Where in `ringback top` a person is; changed by keys alone.
package struct TopState: Sendable, Equatable {
    package enum Screen: Sendable, Equatable {
        case overview
        case queue(String)
        case job(String, JobID)
        case workers
        case schedules
        case dead
    }

    package enum Order: String, Sendable, CaseIterable {
        case name
        case waiting
        case oldest
        case dead
    }

    /// What is being typed.
    package enum Prompt: Sendable, Equatable {
        case filter(String)

        /// The queue's name must be typed before this happens.
        case confirm(TopEffect, queue: String, typed: String)
    }

    /// What the cursor stands on; rows come, go and change places with every look.
    enum Cursor: Sendable, Equatable {
        /// On nothing yet: it takes the first row.
        case fresh
        case on(String)

        /// On a row that has gone: nothing is done to the one in its place.
        case lost
    }

    package var screens: [Screen] = [.overview]

    /// Which row the cursor is in.
    package private(set) var selection = 0
    private var cursor = Cursor.fresh

    /// Which page of a list is shown, and which state of a queue's jobs.
    package var page = 0
    package var tab = JobState.ready
    package var filter = ""
    package var order = Order.name

    /// Names of the rows that are marked.
    package private(set) var marked: Set<String> = []

    /// Whether all were marked at once.
    private var hasMarkedAll = false

    /// Whether the marked rows have gone since: nothing is done to another one in their place.
    private var hasLostMarks = false
    package var isFrozen = false
    package var showsHelp = false
    package var showsCost = false
    package var isPlain = false
    package var usesZone = false
    package var everySeconds = 2
    package var prompt: Prompt?
    package let mayAct: Bool

    /// The last thing that an action did, or why it did not happen.
    package var message = ""

    package init(mayAct: Bool, everySeconds: Int = 2) {
        self.mayAct = mayAct
        self.everySeconds = max(1, everySeconds)
    }

    package var screen: Screen { screens.last ?? .overview }

    /// What the rows of the present screen are, in their order; given by whoever draws them.
    package struct Rows: Sendable, Equatable {
        package var queues: [String] = []
        package var jobs: [JobID] = []

        /// For the screen of dead jobs.
        package var groups: [Group] = []

        /// The dead jobs of one queue with one reason.
        package struct Group: Sendable, Equatable {
            package var queue: String
            package var reason: String
            package var ids: [JobID]

            package init(queue: String, reason: String, ids: [JobID]) {
                self.queue = queue
                self.reason = reason
                self.ids = ids
            }
        }

        package init() {}

        /// What tells the rows of a screen apart, in their order.
        func names(on screen: Screen) -> [String] {
            switch screen {
            case .overview: queues
            case .queue: jobs.map(\.text)
            case .dead: groups.map { "\($0.queue) \($0.reason)" }
            case .job, .workers, .schedules: []
            }
        }
    }

    /// Whether the cursor stands on a row.
    package var hasRow: Bool { cursor != .lost }

    /// The places of the marked rows.
    package func markedRows(among rows: Rows) -> Set<Int> {
        let names = rows.names(on: screen)
        return Set(names.indices.filter { marked.contains(names[$0]) })
    }

    /// Keeps cursor and marks on what they stood on, wherever its row is now.
    package mutating func follow(_ rows: Rows) {
        let names = rows.names(on: screen)
        let left = marked.intersection(names)
        if left.isEmpty {
            hasLostMarks = hasLostMarks || !marked.isEmpty
            hasMarkedAll = false
        }
        marked = left
        if case .on(let name) = cursor {
            if let row = names.firstIndex(of: name) {
                selection = row
                return
            }
            cursor = .lost
        }
        selection = max(0, min(names.count - 1, selection))
        if cursor == .fresh, let name = names.first {
            selection = 0
            cursor = .on(name)
        }
    }

    /// Takes a key; returns what the program is to do.
    package mutating func press(_ key: TopKey, rows: Rows) -> TopEffect? {
        if key == .interrupt { return .quit }
        if key == .suspend { return .suspend }
        follow(rows)
        if let prompt { return type(key, into: prompt) }
        message = ""
        if showsHelp {
            showsHelp = false
            return nil
        }
        switch key {
        case .escape: return back()
        case .enter: return open(rows)
        case .up: move(-1, rows)
        case .down: move(1, rows)
        case .left: return turnTab(-1)
        case .right: return turnTab(1)
        case .character(let character): return press(character, rows)
        case .backspace, .interrupt, .suspend: break
        }
        return nil
    }

    private mutating func press(_ character: Character, _ rows: Rows) -> TopEffect? {
        switch character {
        case "q": return screens.count > 1 ? back() : .quit
        case "j": move(1, rows)
        case "k": move(-1, rows)
        case "h": return turnTab(-1)
        case "l": return turnTab(1)
        case "n": return turnPage(1, rows)
        case "p": return turnPage(-1, rows)
        case "/": prompt = .filter(filter)
        case "s": order = Self.next(order)
        case "x": toggle()
        case "A":
            unmark()
            marked = Set(rows.names(on: screen))
            hasMarkedAll = true
        case " ": isFrozen.toggle()
        case "+": everySeconds = min(60, everySeconds + 1)
        case "-": everySeconds = max(1, everySeconds - 1)
        case "t": isPlain.toggle()
        case "z": usesZone.toggle()
        case "i": showsCost.toggle()
        case "?": showsHelp = true
        case "w": return show(.workers)
        case "c": return show(.schedules)
        case "d": return show(.dead)
        case "P", "R", "D", "K": return act(character, rows)
        default: break
        }
        return nil
    }

    // MARK: Moving

    private mutating func show(_ screen: Screen) -> TopEffect? {
        guard self.screen != screen else { return nil }
        screens.append(screen)
        reset()
        return .load
    }

    private mutating func back() -> TopEffect? {
        if !filter.isEmpty, screens.count == 1 {
            filter = ""
            return nil
        }
        guard screens.count > 1 else { return nil }
        screens.removeLast()
        reset()
        return .load
    }

    private mutating func reset() {
        page = 0
        leaveRows()
    }

    /// Other rows are shown from here on.
    private mutating func leaveRows() {
        selection = 0
        cursor = .fresh
        unmark()
    }

    /// Takes all marks away.
    package mutating func unmark() {
        marked = []
        hasMarkedAll = false
        hasLostMarks = false
    }

    private mutating func open(_ rows: Rows) -> TopEffect? {
        guard let row = row() else { return nil }
        switch screen {
        case .overview: return show(.queue(rows.queues[row]))
        case .queue(let queue): return show(.job(queue, rows.jobs[row]))
        case .job, .workers, .schedules, .dead: return nil
        }
    }

    private mutating func move(_ step: Int, _ rows: Rows) {
        let names = rows.names(on: screen)
        guard !names.isEmpty else { return }
        // From a row that has gone the cursor comes to the one in its place.
        let step = cursor == .lost ? 0 : step
        selection = max(0, min(names.count - 1, selection + step))
        cursor = .on(names[selection])
        hasLostMarks = false
    }

    /// The row under the cursor; nil, with a word about it, when it has gone, or none is there.
    private mutating func row() -> Int? {
        if case .on = cursor { return selection }
        message = cursor == .lost ? "that row has gone: choose one with j or k" : "no row is here"
        return nil
    }

    private mutating func turnTab(_ step: Int) -> TopEffect? {
        guard case .queue = screen, let index = JobState.allCases.firstIndex(of: tab) else {
            return nil
        }
        let count = JobState.allCases.count
        tab = JobState.allCases[(index + step + count) % count]
        reset()
        return .load
    }

    private mutating func turnPage(_ step: Int, _ rows: Rows) -> TopEffect? {
        guard case .queue = screen, page + step >= 0, step < 0 || !rows.jobs.isEmpty else {
            return nil
        }
        page += step
        leaveRows()
        return .load
    }

    private mutating func toggle() {
        guard row() != nil, case .on(let name) = cursor else { return }
        hasLostMarks = false
        if marked.remove(name) == nil { marked.insert(name) }
    }

    private static func next(_ order: Order) -> Order {
        let all = Order.allCases
        let index = all.firstIndex(of: order) ?? 0
        return all[(index + 1) % all.count]
    }

    // MARK: Typing

    private mutating func type(_ key: TopKey, into prompt: Prompt) -> TopEffect? {
        switch (prompt, key) {
        case (_, .escape):
            self.prompt = nil
        case (.filter(let text), .enter):
            filter = text
            self.prompt = nil
            leaveRows()
        case (.filter(let text), .character(let character)):
            self.prompt = .filter(text + String(character))
        case (.filter(let text), .backspace):
            self.prompt = .filter(String(text.dropLast()))
        case (.confirm(let effect, let queue, let typed), .enter):
            self.prompt = nil
            if typed == queue { return effect }
            message = "not done: \(typed) is not \(queue)"
        case (.confirm(let effect, let queue, let typed), .character(let character)):
            self.prompt = .confirm(effect, queue: queue, typed: typed + String(character))
        case (.confirm(let effect, let queue, let typed), .backspace):
            self.prompt = .confirm(effect, queue: queue, typed: String(typed.dropLast()))
        default:
            break
        }
        return nil
    }

    // MARK: Acting

    private mutating func act(_ character: Character, _ rows: Rows) -> TopEffect? {
        guard mayAct else {
            message = "read-only: start it with --actions to change anything"
            return nil
        }
        switch (character, screen) {
        case ("P", .overview):
            return row().map { .pause(queue: rows.queues[$0]) }
        case ("P", .queue(let queue)):
            return .pause(queue: queue)
        case ("R", .overview):
            return row().map { .resume(queue: rows.queues[$0]) }
        case ("R", .queue(let queue)) where tab == .dead:
            return onJobs(of: queue, rows) { .retryDead(queue: queue, ids: $0) }
        case ("D", .queue(let queue)) where tab == .dead:
            return onJobs(of: queue, rows, asks: true) { .discardDead(queue: queue, ids: $0) }
        case ("K", .queue(let queue)) where tab != .dead:
            return onJobs(of: queue, rows) { .cancel(queue: queue, ids: $0) }
        case ("R", .dead), ("D", .dead):
            guard let row = row() else { return nil }
            let group = rows.groups[row]
            let effect =
                character == "R"
                ? TopEffect.retryDead(queue: group.queue, ids: group.ids)
                : .discardDead(queue: group.queue, ids: group.ids)
            prompt = .confirm(effect, queue: group.queue, typed: "")
            return nil
        default:
            message = "\(character) does nothing here"
            return nil
        }
    }

    /// Acts on the marked jobs, or the one under the cursor.
    ///
    /// What happens to all that is shown, or is gone for good (`asks`), asks for the queue's name.
    private mutating func onJobs(
        of queue: String,
        _ rows: Rows,
        asks: Bool = false,
        _ effect: ([JobID]) -> TopEffect
    ) -> TopEffect? {
        let ids: [JobID]
        if hasLostMarks {
            message = "the marked rows have gone: choose others with j, k and x"
            return nil
        }
        if marked.isEmpty {
            guard let row = row() else { return nil }
            ids = [rows.jobs[row]]
        } else {
            ids = rows.jobs.filter { marked.contains($0.text) }
        }
        let isAll = ids.count > 1 && (hasMarkedAll || ids.count == rows.jobs.count)
        guard asks || isAll else { return effect(ids) }
        prompt = .confirm(effect(ids), queue: queue, typed: "")
        return nil
    }
}
