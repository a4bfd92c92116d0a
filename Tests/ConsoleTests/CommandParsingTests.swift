import Ambient
import ArgumentParser
import Console
import Hosting
import Testing

@Suite("the command line")
struct CommandParsingTests {
    @Test(
        "is understood",
        arguments: [
            "up", "up --calls 2000 --seed 7 --unfinished 3 --live 5", "up --no-simulator",
            "status", "status --json", "status --watch --every 5s", "enqueue sync",
            "enqueue sync window=recent", "enqueue sync --from 2026-10-01 --to 2026-10-31",
            "enqueue sync --conversation conv_1", "enqueue upkeep task=ledger --lane low --in 5m",
            "enqueue export what=calls --unique nightly --json", "queue pause sync --reason why",
            "queue resume sync",
            "queue purge sync --lane hi --lane low --later --dead --suspect -y",
            "queue purge export --dry-run --json", "queue marks sync",
            "queue marks sync --soft-depth 5 --last-memory 99 --json",
            "queue marks sync --reset", "limits list", "limits list --queue sync --json",
            "limits set agent:1 --concurrency 2 --rate 300/m --burst 5",
            "limits set agent:1 --clear --queue sync --json",
            "enqueue sync window=recent --limit agent:1", "dead list", "dead list sync --json",
            "dead show id-1",
            "dead retry sync id-1 id-2 --yes", "dead retry sync --all --dry-run",
            "dead discard sync --reason timeout -y", "jobs list", "jobs list sync --state later",
            "jobs show id-1", "jobs cancel id-1 --yes", "jobs run-now id-1", "schedule list",
            "schedule next", "schedule next poll --count 10", "schedule run poll",
            "schedule check", "schedule check schedules --json", "schedule history poll --json",
            "schedule pause poll --reason why", "schedule resume poll",
            "backfill plan --from 2026-01-01 --to 2026-06-30 --slice 1d",
            "backfill start --from 30d --agent a --reread --json", "backfill list --limit 5",
            "backfill show bf-1 --watch --every 5s", "backfill pause bf-1 --reason why",
            "backfill resume bf-1", "backfill cancel bf-1 --yes", "backfill cancel bf-1 --dry-run",
            "campaigns list", "campaigns list --model first-touch --json",
            "campaigns add Spring --channel mail --window-days 60",
            "campaigns add Spring --channel dm --agent-number +14155550100",
            "campaigns edit Spring --window 45", "campaigns edit Spring --window 45 --dry-run",
            "campaigns edit Spring --window 45 --apply range --from 30d --reason why --yes",
            "campaigns edit Spring --window 45 --apply from-now --json",
            "campaigns edit Spring --status paused", "campaigns edit Spring --no-agent-numbers",
            "agents list --json", "agents limits agent_1 --turns 3 --yes",
            "agents limits agent_1 --standard --dry-run",
            "months list", "months close 2026-05 --yes", "months open 2026-05 --reason why --yes",
            "recipients import list.csv --create-campaigns", "recipients import list.csv --dry-run",
            "recipients import list.csv --region DE --add-plus yes --holdout 10% --seed 7 --json",
            "touches import list.csv --dry-run --json", "calls unattributed --json",
            "calls unattributed --reason tie --limit 5 --show-numbers",
            "calls assign conv_1 Spring --scope caller --json", "calls undo conv_1 --note why",
            "calls assign conv_1 none --scope future", "calls assign conv_1 S --recipient r1 -y",
            "calls list", "calls list --from 7d --agent a --campaign none --status done --json",
            "calls list --conversion yes --outcome success --limit 5 --show-numbers",
            "calls show conv_1", "calls tag vip conv_1 conv_2 --yes --json", "calls untag vip 17",
            "calls list --tag vip", "calls assign conv_1 Spring --note why --yes",
            "calls assign conv_1 none", "calls assign conv_1 --release", "rules check",
            "rules check rules/simple.yaml", "export", "export calls --from 30d", "export --list",
            "export conversions --dialect excel --phones digits --period last-week",
            "export campaigns --dialect ndjson", "export transcripts --campaign Spring",
            "export feed --profile google --since last", "export feed --since 17 --json",
            "export calls --folder nightly --keep-days 90 --skip-empty",
            "calls exclude conv_1 conv_2 --reason test --note why --yes",
            "calls exclude conv_1 --reason spam --dry-run --json", "calls include conv_1",
            "campaigns cost Spring --media 1250.50", "campaigns cost 3 --media 0 --currency EUR",
            "campaigns cost Spring --clear --json", "report", "report --month 2026-10 --json",
            "report --from 2026-10-01 --to 2026-10-01 --agent a --all-voice",
            "report --campaign Spring --pdf spring.pdf", "report --campaign none --agent a",
            "doctor --recount", "doctor --recount --repair --json",
            "rules list --json", "rules show", "rules show 1a2b",
            "rules diff 1a2b", "rules diff 1a2b new.rules --json", "rules test",
            "rules test new.rules --type booking --json", "rules activate 1a2b --note why --yes",
            "rules activate --follow-file --dry-run", "rules shadow none",
            "rules shadow 1a2b --json",
            "rules rescore start --from 30d --dry-run --json",
            "rules rescore start new.rules --everything --change-closed why --list 5 -y",
            "rules rescore list", "rules rescore show rs-1 --list 0 --json",
            "rules rescore cancel rs-1 --yes", "rules rescore resume rs-1",
            "rules callers list", "rules callers add vip +4915112345678 --json",
            "rules callers remove vip +4915112345678", "labels sample --size 50 --from 30d",
            "labels next --type booking --person ben --json", "labels list --limit 5 --json",
            "labels set conv_1 yes --type booking --note heard --blind", "labels set 12 unknown",
            "labels unset conv_1 --dry-run",
            "doctor", "doctor --offline --json", "config", "config --json", "bench soak",
            "bench soak --minutes 0.5 --rate 10 --workers 1 --slots 2 --payload 300 --json",
            "bench measure", "bench measure -- --only queue-drain --json",
        ]
    )
    func understands(line: String) throws {
        let command = try RingbackCommand.parseAsRoot(line.split(separator: " ").map(String.init))
        #expect(command is any ConsoleCommand)
    }

    @Test(
        "wrong use is refused",
        arguments: [
            "bogus", "up --calls 0", "up --calls many", "up --live 0", "status --every 1",
            "status --every 0s", "enqueue", "enqueue calls", "enqueue export --from 2026-10-01",
            "enqueue sync --to 2026-10-01", "enqueue sync window=1h --conversation c",
            "enqueue sync --from 1d --conversation c", "enqueue sync --lane top",
            "enqueue sync --in soon", "queue pause", "queue pause everything",
            "queue purge", "queue purge sync --lane top",
            "queue marks", "queue marks sync --soft-depth 0", "queue marks sync --hard-memory 101",
            "bench soak --minutes 0", "bench soak --rate 0", "bench soak --payload 5",
            "limits set", "limits set agent:1", "limits set agent:1 --rate 3",
            "limits set agent:1 --concurrency 0", "limits set agent:1 --rate 1/s --burst 0",
            "dead retry sync",
            "dead retry sync id --all", "dead discard sync", "jobs list --limit 0",
            "jobs list --state gone", "jobs cancel", "schedule next --count 0", "schedule run",
            "schedule pause", "schedule history",
            "backfill plan", "backfill plan --from 1d --slice 30s", "backfill show",
            "backfill plan --from 1d --slice 32d", "backfill cancel",
            "campaigns add", "campaigns add X", "campaigns add X --channel pigeon",
            "campaigns add none --channel mail", "campaigns add X --channel mail --window-days 0",
            "campaigns edit", "campaigns edit X", "campaigns edit X --window 0",
            "campaigns edit X --window 9 --apply range", "campaigns edit X --window 9 --from 1d",
            "campaigns edit X --window 9 --apply always", "campaigns list --model best",
            "months close", "months open 2026-05", "touches import", "calls undo",
            "recipients import x.csv --holdout 10%", "recipients import x.csv --seed 1",
            "recipients import x.csv --holdout 100% --seed 1",
            "recipients import x.csv --add-plus maybe", "calls assign conv_1 X --scope all",
            "calls assign conv_1 --release --scope caller", "calls unattributed --limit 0",
            "calls assign conv_1 none --recipient r1",
            "recipients import", "calls show", "calls assign conv_1",
            "calls assign conv_1 Spring --release", "export everything", "export calls --since 3",
            "export feed --since soon", "export feed --since -1", "export --dialect xls",
            "export --period someday", "calls exclude conv_1", "calls exclude --reason test",
            "agents limits agent_1", "agents limits agent_1 --turns 0",
            "agents limits agent_1 --turns 2 --standard", "agents limits agent_1 --seconds -1",
            "calls exclude conv_1 --reason dull", "campaigns cost Spring",
            "campaigns cost Spring --media 1e3", "campaigns cost Spring --media -1",
            "campaigns cost Spring --media 1.", "campaigns cost Spring --media 1.1234567",
            "campaigns cost Spring --media 1 --clear",
            "campaigns cost Spring --media 1 --currency eur",
            "report --month 2026-13", "report --month 2026-10 --from 2026-10-01",
            "report --from yesterday", "report --from 2026-10-02 --to 2026-10-01",
            "report --campaign Spring --agent a", "doctor --repair", "calls list --limit 0",
            "rules activate", "rules activate 1a2b --follow-file", "rules diff", "rules shadow",
            "rules rescore start", "rules rescore start --from 1d --everything",
            "rules rescore start --everything --to 1d", "rules rescore show",
            "rules callers add vip", "rules callers add my/list +4915112345678",
            "rules callers add internal-numbers +4915112345678",
            "rules callers remove internal-numbers +4915112345678",
            "labels set conv_1", "labels set conv_1 maybe", "labels sample --size 0",
            "labels list --limit 0",
        ]
    )
    func refuses(line: String) {
        do {
            _ = try RingbackCommand.parseAsRoot(line.split(separator: " ").map(String.init))
            Issue.record("was understood")
        } catch {
            #expect(!RingbackCommand.exitCode(for: error).isSuccess)
            #expect(!RingbackCommand.fullMessage(for: error).isEmpty)
        }
    }

    @Test(
        "help and version are answers",
        arguments: [
            ("--help", "USAGE: ringback <subcommand>"), ("up --help", "USAGE: ringback up"),
            ("queue pause --help", "USAGE: ringback queue pause"),
            ("help enqueue", "USAGE: ringback enqueue"), ("--version", Release.version),
        ]
    )
    func answers(line: String, expected: String) {
        let words = line.split(separator: " ").map(String.init)
        guard case .answer(let text) = CommandLineProgram.reading(of: words) else {
            Issue.record("is no answer")
            return
        }
        #expect(text.contains(expected), "\(text)")
    }

    @Test("a group without a subcommand is wrong use, and shows its help")
    func group() {
        guard case .wrongUse(let text) = CommandLineProgram.reading(of: ["queue"]) else {
            Issue.record("is not refused")
            return
        }
        #expect(text.contains("USAGE: ringback queue"), "\(text)")
    }
}
