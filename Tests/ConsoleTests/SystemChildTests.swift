import Ambient
import Console
import Foundation
import TestSupport
import Testing

/// Real processes.
@Suite("processes")
struct SystemChildTests {
    private func starter(_ folder: ScratchFolder) -> SystemChildStarter {
        SystemChildStarter(logsFolder: folder.path, supervisorFile: -1)
    }

    private func shell(_ script: String, _ environment: [String: String] = [:]) -> Child {
        Child(
            name: "shell",
            executable: "/bin/sh",
            arguments: ["-c", script],
            environment: environment,
            stopMax: .seconds(5)
        )
    }

    @Test("get their arguments and variables, and write to their log")
    func output() async throws {
        let folder = try ScratchFolder()
        let child = try await starter(folder).start(
            shell("echo \"$NAME\"; echo oops >&2; exit 7", ["NAME": "a b"])
        )
        #expect(await child.ended() == 7)
        #expect(await child.ended() == 7)
        #expect(try folder.text(of: "shell.log") == "a b\noops\n")
        #expect(ChildLogs(folder: folder.path).lastLine(of: "shell") == "oops")
    }

    @Test("end by a signal, with its number, and are not signalled afterwards")
    func signals() async throws {
        let folder = try ScratchFolder()
        let child = try await starter(folder).start(shell("exec sleep 60"))
        child.signal(SIGTERM)
        #expect(await child.ended() == 128 + SIGTERM)
        child.signal(SIGKILL)
        #expect(await child.ended() == 128 + SIGTERM)
    }

    @Test("a wait ends when its task is cancelled; the child goes on")
    func cancelledWait() async throws {
        let folder = try ScratchFolder()
        let child = try await starter(folder).start(shell("exec sleep 60"))
        let status = await withTaskGroup(of: Int32?.self) { group in
            group.addTask { await child.ended() }
            group.cancelAll()
            return await group.next() ?? nil
        }
        #expect(status == nil)
        child.signal(SIGKILL)
        #expect(await child.ended() == 128 + SIGKILL)
    }

    @Test("a program that is not there is an error, not a child")
    func missing() async throws {
        let folder = try ScratchFolder()
        let child = Child(
            name: "nothing",
            executable: "/nowhere/nothing",
            environment: [:],
            stopMax: .seconds(1)
        )
        let starter = starter(folder)
        let error = await #expect(throws: ChildStartError.self) { try await starter.start(child) }
        #expect(error?.description.contains("No such file or directory") == true)
    }

    @Test("find the supervisor's pipe as descriptor 3, and nothing else of ours")
    func descriptors() async throws {
        let folder = try ScratchFolder()
        var ends: [Int32] = [-1, -1]
        // Closed in programs that other tests start meanwhile, or the read would never return.
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        #expect(socketpair(AF_UNIX, type, 0, &ends) == 0)
        let starter = SystemChildStarter(logsFolder: folder.path, supervisorFile: ends[0])
        // The read returns when the last write end is closed: ours, if the child has none.
        let child = try await starter.start(
            shell("ls /proc/self/fd | wc -w; read line <&3; echo gone")
        )
        close(ends[1])
        #expect(await child.ended() == 0)
        close(ends[0])
        let lines = try folder.text(of: "shell.log").split(separator: "\n")
        #expect(lines.last == "gone")
        // 0 to 3, and the folder that `ls` itself has open.
        #expect(lines.first.flatMap { Int($0.trimmingCharacters(in: .whitespaces)) } == 5)
    }

    @Test("logs that have grown too long are moved away")
    func trims() throws {
        let folder = try ScratchFolder()
        let long = String(repeating: "x", count: ChildLogs.bytesMax + 1)
        try folder.write(long, to: "a.log")
        try folder.write("short", to: "b.log")
        try folder.write("older", to: "a.log.old")
        try ChildLogs(folder: folder.path).trim()
        #expect(try folder.text(of: "a.log") == "")
        #expect(try folder.text(of: "a.log.old") == long)
        #expect(try folder.text(of: "b.log") == "short")
    }
}
