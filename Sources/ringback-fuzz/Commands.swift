import Ambient
import ArgumentParser
import Foundation
import TestSupport

/// Which inputs are made.
struct FuzzTerms: ParsableArguments, Sendable {
    @Option(help: "Where the known inputs are, a folder for each target.")
    var corpus = "Tests/Corpus"

    @Option(help: "Every input follows from this and its number.")
    var seed: UInt64 = 1

    func mutator(_ target: FuzzTarget) throws -> Mutator {
        let folder = "\(corpus)/\(target.rawValue)"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        guard !names.isEmpty else { throw ValidationError("\(folder) is empty.") }
        return Mutator(
            seed: seed,
            corpus: try names.map { name in
                Array(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)")))
            },
            words: target.words.map { Array($0.utf8) }
        )
    }
}

extension FuzzTarget: ExpressibleByArgument {}

/// Runs targets, each in a process of its own, so that a crash can be told of.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run targets for some seconds each; says how to replay an input that fails."
    )

    /// Longest time for one input.
    private static let patience = Duration.seconds(10)

    @OptionGroup var terms: FuzzTerms

    @Option(help: "Only this target.")
    var target: FuzzTarget?

    @Option(help: "Seconds for each target.")
    var seconds = 2.0

    func run() async throws {
        var isClean = true
        for target in target.map({ [$0] }) ?? FuzzTarget.allCases {
            isClean = try await run(target) && isClean
        }
        if !isClean { throw ExitCode.failure }
    }

    private func run(_ target: FuzzTarget) async throws -> Bool {
        let ambient = Ambient.live()
        let journal = FileManager.default.temporaryDirectory
            .appendingPathComponent("ringback-fuzz-\(ambient.newID().uuidString)").path
        defer { unlink(journal) }
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let process = try await ChildProcess.launch(
            ChildProcess.Command([
                program, "walk", "--target", target.rawValue, "--seed", "\(terms.seed)",
                "--corpus", terms.corpus, "--seconds", "\(seconds)", "--journal", journal,
            ])
        )
        let ending = await watch(process, journal, ambient)
        let number = FuzzJournal.read(journal)
        if ending == .exited(0) {
            print("\(target.rawValue): \(number + 1) inputs held")
            return true
        }
        let replay =
            "ringback-fuzz replay --target \(target.rawValue) --seed \(terms.seed) "
            + "--number \(number) --corpus \(terms.corpus)"
        let said = process.recentOutput.split(separator: "\n").first { !$0.isEmpty } ?? ""
        print("\(target.rawValue): input \(number) failed (\(ending)): \(said)\nreplay: \(replay)")
        return false
    }

    /// Waits for the end; a process that stays with one input for too long is ended.
    private func watch(
        _ process: ChildProcess,
        _ journal: String,
        _ ambient: Ambient
    ) async -> ChildProcess.Ending {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { _ = await process.ended() }
            group.addTask {
                var number = -1
                var since = ambient.elapsed()
                while !Task.isCancelled {
                    let now = FuzzJournal.read(journal)
                    if now != number { (number, since) = (now, ambient.elapsed()) }
                    if ambient.elapsed() - since > Self.patience {
                        return process.signal(SIGKILL)
                    }
                    do { try await ambient.sleep(for: .milliseconds(200)) } catch { return }
                }
            }
            await group.next()
            group.cancelAll()
        }
        return await process.ended()
    }
}

/// Runs one input again.
struct ReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Show one input, and run it."
    )

    @OptionGroup var terms: FuzzTerms
    @Option var target: FuzzTarget
    @Option var number: Int

    func run() throws {
        let input = try terms.mutator(target).input(number)
        FileHandle.standardError.write(Data(Array("\(input.count) bytes:\n".utf8) + input + [0x0A]))
        try target.run(input)
        print("held")
    }
}

/// The process that runs the inputs.
struct WalkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "walk", shouldDisplay: false)

    @OptionGroup var terms: FuzzTerms
    @Option var target: FuzzTarget
    @Option var seconds: Double
    @Option var journal: String

    func run() throws {
        let mutator = try terms.mutator(target)
        let journal = try FuzzJournal(journal)
        let ambient = Ambient.live()
        var number = 0
        // Every known input is run, however short the time is.
        while number < mutator.corpus.count || ambient.elapsed() < .seconds(seconds) {
            journal.note(number)
            do {
                try target.run(mutator.input(number))
            } catch {
                print("\(error)")
                throw ExitCode.failure
            }
            number += 1
        }
    }
}

/// Keeps the number of the input under way where a crash cannot reach it.
struct FuzzJournal {
    private let descriptor: Int32

    init(_ path: String) throws {
        descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw POSIXError(.EIO) }
    }

    func note(_ number: Int) {
        withUnsafeBytes(of: number) { bytes in
            _ = pwrite(descriptor, bytes.baseAddress, bytes.count, 0)
        }
    }

    /// The number that was noted last; -1 when there is none.
    static func read(_ path: String) -> Int {
        guard let bytes = FileManager.default.contents(atPath: path),
            bytes.count == MemoryLayout<Int>.size
        else { return -1 }
        return bytes.withUnsafeBytes { $0.loadUnaligned(as: Int.self) }
    }
}
