import Console
import Hosting
import Testing

@Suite("options of up")
struct UpOptionsTests {
    private func simulation(
        _ options: UpOptions,
        kept: UpState.Simulation? = nil,
        now: Int64 = 1_000
    ) throws -> UpState.Simulation {
        try options.simulation(kept: kept, folder: "data", now: now, port: 7, random: { "r" })
    }

    @Test("a new folder gets a new simulation, its history ending now")
    func new() throws {
        let made = try simulation(UpOptions())
        #expect(made.calls == 600)
        #expect(made.anchor == 1_000)
        #expect(made.days == 30)
        #expect(made.unfinished > 0)
        #expect(made.liveSeconds == nil)
        #expect(made.webhookSecret == "wsec_r")
    }

    @Test("the next start goes on with the same data, on whatever port is free")
    func goesOn() throws {
        var kept = try simulation(UpOptions())
        kept.port = 5
        var options = UpOptions()
        options.calls = kept.calls
        options.liveSeconds = 9
        let next = try simulation(options, kept: kept, now: 5_000)
        #expect(next.anchor == 1_000)
        #expect(next.port == 7)
        #expect(next.liveSeconds == 9)
        #expect(next.webhookSecret == kept.webhookSecret)
    }

    @Test("options of another simulation are refused with what to do")
    func refusesOthers() throws {
        let kept = try simulation(UpOptions())
        var options = UpOptions()
        options.seed = kept.seed + 1
        let failure = #expect(throws: StartFailure.self) { try simulation(options, kept: kept) }
        #expect(failure?.code == .wrongUse)
        #expect(failure?.line.contains("RINGBACK_DB") == true)
    }
}
