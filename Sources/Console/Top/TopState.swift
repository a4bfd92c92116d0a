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

    package var screens: [Screen] = [.overview]
    package var selection = 0

    /// Which page of a list is shown, and which state of a queue's jobs.
    package var page = 0
    package var tab = JobState.ready
    package var filter = ""
    package var order = Order.name
    package var marked: Set<Int> = []
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

        /// For the screen of dead jobs: queue and jobs of each group.
        package var groups: [(queue: String, ids: [JobID])] = []

        package init() {}

        package static func == (left: Self, right: Self) -> Bool {
            left.queues == right.queues && left.jobs == right.jobs
                && left.groups.map(\.ids) == right.groups.map(\.ids)
        }

        func count(on screen: Screen) -> Int {
            switch screen {
            case .overview: queues.count
            case .queue: jobs.count
            case .dead: groups.count
            case .job, .workers, .schedules: 0
            }
        }
    }

    /// Takes a key; returns what the program is to do.
    package mutating func press(_ key: TopKey, rows: Rows) -> TopEffect? {
        if key == .interrupt { return .quit }
        if key == .suspend { return .suspend }
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
        case "x": toggle(selection, rows)
        case "A": marked = Set(0..<rows.count(on: screen))
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
        selection = 0
        page = 0
        marked = []
    }

    private mutating func open(_ rows: Rows) -> TopEffect? {
        switch screen {
        case .overview:
            guard rows.queues.indices.contains(selection) else { return nil }
            return show(.queue(rows.queues[selection]))
        case .queue(let queue):
            guard rows.jobs.indices.contains(selection) else { return nil }
            return show(.job(queue, rows.jobs[selection]))
        case .job, .workers, .schedules, .dead:
            return nil
        }
    }

    private mutating func move(_ step: Int, _ rows: Rows) {
        let count = rows.count(on: screen)
        selection = max(0, min(count - 1, selection + step))
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
        selection = 0
        marked = []
        return .load
    }

    private mutating func toggle(_ row: Int, _ rows: Rows) {
        guard row < rows.count(on: screen) else { return }
        if marked.remove(row) == nil { marked.insert(row) }
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
            selection = 0
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
        let chosen = marked.isEmpty ? [selection] : marked.sorted()
        switch (character, screen) {
        case ("P", .overview):
            guard rows.queues.indices.contains(selection) else { return nil }
            return .pause(queue: rows.queues[selection])
        case ("P", .queue(let queue)):
            return .pause(queue: queue)
        case ("R", .overview):
            guard rows.queues.indices.contains(selection) else { return nil }
            return .resume(queue: rows.queues[selection])
        case ("R", .queue(let queue)) where tab == .dead:
            return confirmed(.retryDead(queue: queue, ids: jobs(chosen, rows)), queue, chosen, rows)
        case ("D", .queue(let queue)) where tab == .dead:
            prompt = .confirm(
                .discardDead(queue: queue, ids: jobs(chosen, rows)),
                queue: queue,
                typed: ""
            )
            return nil
        case ("K", .queue(let queue)) where tab != .dead:
            return confirmed(.cancel(queue: queue, ids: jobs(chosen, rows)), queue, chosen, rows)
        case ("R", .dead), ("D", .dead):
            guard rows.groups.indices.contains(selection) else { return nil }
            let group = rows.groups[selection]
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

    private func jobs(_ chosen: [Int], _ rows: Rows) -> [JobID] {
        chosen.filter(rows.jobs.indices.contains).map { rows.jobs[$0] }
    }

    /// Asks for the queue's name before something happens to all that is shown.
    private mutating func confirmed(
        _ effect: TopEffect,
        _ queue: String,
        _ chosen: [Int],
        _ rows: Rows
    ) -> TopEffect? {
        guard chosen.count > 1, chosen.count == rows.jobs.count else { return effect }
        prompt = .confirm(effect, queue: queue, typed: "")
        return nil
    }
}
