import ArgumentParser
import Foundation
import TestSupport

#if LIBFUZZER
private typealias LibFuzzerBody = @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt

@_silgen_name("LLVMFuzzerRunDriver")
private func runLibFuzzer(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<
        UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
    >,
    _ body: LibFuzzerBody
) -> CInt

/// libFuzzer with one target, which the variable `FUZZ_TARGET` names.
@main
enum Main {
    private static let target = FuzzTarget(
        rawValue: ProcessInfo.processInfo.environment["FUZZ_TARGET"] ?? ""
    )

    static func main() {
        guard target != nil else {
            let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ")
            print("FUZZ_TARGET must be one of: \(names)")
            exit(2)
        }
        var count = CommandLine.argc
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? =
            CommandLine.unsafeArgv
        exit(
            runLibFuzzer(&count, &arguments) { bytes, count in
                do {
                    try Main.target?.run(
                        Array(UnsafeBufferPointer(start: bytes, count: count))
                    )
                } catch {
                    // What libFuzzer counts as a find, and keeps the input of.
                    print("\(error)")
                    abort()
                }
                return 0
            }
        )
    }
}
#else
/// Feeds mutated inputs to everything that reads bytes from outside.
@main
struct Main: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ringback-fuzz",
        abstract: "Look for inputs from outside that crash a reader, or hold it up.",
        subcommands: [RunCommand.self, ReplayCommand.self, WalkCommand.self],
        defaultSubcommand: RunCommand.self
    )
}
#endif
