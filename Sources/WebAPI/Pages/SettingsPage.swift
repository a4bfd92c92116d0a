import CallStore
import Definitions
import Delivery
import ElevenLabs
import Foundation
import Reports

extension PageDesk {
    /// What holds, what may be changed here, what the figures mean, and who did what.
    func settings(_ query: PageQuery) async throws -> Page {
        let audit = try await store.auditLog(limit: Self.auditShown)
        let rebuild = try await store.figureReport(FigureScope(to: words.today)).rebuild
        var view: View = [
            "facts": try await facts(), "canChange": canChange, "isReadOnly": !canChange,
            "isReadOnlyServer": parts.policy.isReadOnly,
            "rules": try await alertRules(), "metrics": Self.metrics,
            "version": MetricDefinitions.known.version,
            "audit": audit.map { entry -> View in
                [
                    "at": words.time(entry.atMilliseconds / 1_000), "actor": entry.note.actor,
                    "action": entry.note.action, "object": entry.note.object,
                    "reason": entry.note.reason ?? "",
                    "change": Self.change(entry.note.before, entry.note.after),
                ]
            },
            "hasAudit": !audit.isEmpty,
        ]
        view["webhook"] = try await webhook()
        view["retention"] = try await RetentionRow.all(parts).map(\.view)
        view["roles"] = Self.roles(rights)
        let numbers = try await store.internalNumbers()
        view["internalNumbers"] = numbers.map(internalNumber)
        view["hasInternalNumbers"] = !numbers.isEmpty
        let agents = try await store.agents()
        view["agents"] = agents.prefix(Self.agentsShown).map(Self.agent)
        view["hasAgents"] = !agents.isEmpty
        if agents.count > Self.agentsShown { view["moreAgents"] = "\(Self.agentsShown)" }
        if let rebuild { view["rebuild"] = rebuild.text }
        // Paths and addresses of the machine are for those who run it.
        if rights >= .admin {
            view["settings"] = parts.places.settings.map { line -> View in
                [
                    "name": line.name, "value": line.value ?? "–", "from": line.origin,
                    "meaning": PageWords.marked(line.meaning),
                ]
            }
            view["hasSettings"] = !parts.places.settings.isEmpty
            let erasures = try await store.erasures(limit: Self.erasuresShown)
            view["showsErasures"] = true
            view["hasErasures"] = !erasures.isEmpty
            view["erasures"] = erasures.map { erasure in
                outcome(erasure).merging(["summary": erasure.removed]) { $1 }
            }
            let tokens = try await store.apiTokens()
            view["showsTokens"] = true
            view["tokens"] = tokens.map { token -> View in
                [
                    "name": token.name, "scope": token.scope.rawValue, "by": token.createdBy,
                    "since": words.time(token.createdMilliseconds / 1_000),
                    "path": "tokens/\(PageQuery.escaped(token.name))",
                ]
            }
            view["hasTokens"] = !tokens.isEmpty
        }
        return Page(template: .settings, title: "Settings", view: view)
    }

    private static let auditShown = 30
    private static let erasuresShown = 20
    private static let agentsShown = 200

    private func facts() async throws -> [View] {
        let health = try await store.health()
        let zone = words.zone.reportName
        return [
            ["label": "Report zone", "value": "\(zone) (RINGBACK_TIME_ZONE)"],
            [
                "label": "Region of numbers",
                "value": "\(parts.places.region) (RINGBACK_REGION)",
            ],
            [
                "label": "Sign-in",
                "value": parts.access.needsSignIn
                    ? "by token" : "none: only this machine is answered",
            ],
            ["label": "Store", "value": Self.bytes(health.bytes)],
            ["label": "Schema", "value": "\(health.schemaVersion)"],
            ["label": "Unreadable records", "value": PageWords.count(health.unreadableBodies)],
        ]
    }

    private static var metrics: [View] {
        MetricDefinitions.known.metrics.map { metric in
            [
                "label": metric.label, "id": metric.id.rawValue,
                "definition": metric.definition, "notes": metric.notes,
            ]
        }
    }

    // MARK: Agents

    private static func agent(_ agent: AgentEntry) -> View {
        [
            "id": agent.id, "name": agent.name ?? agent.id,
            "path": "agents/\(PageQuery.escaped(agent.id))/limits",
            "turns": "\(agent.limits.turnsMin)", "seconds": "\(agent.limits.secondsMin)",
            "isSet": agent.isSet,
        ]
    }

    // MARK: Alerts

    /// Each rule of the alerts: how it is set, and where it stands.
    private func alertRules() async throws -> [View] {
        let settings = try await store.alertSettings()
        let states = Dictionary(
            try await store.alertStates().map { ($0.rule, $0) },
            uniquingKeysWith: { first, _ in first }
        )
        return AlertRule.allCases.map { rule in
            let row = AlertRuleRow(rule, settings)
            var view: View = [
                "rule": rule.rawValue, "title": rule.title, "isOn": row.isOn,
                "set": row.isOn ? "on" : "off", "from": row.words ?? "–",
                "by": row.person.map { "set by \($0)" } ?? "as shipped",
                "isSet": row.person != nil, "state": row.isOn ? "not looked at yet" : "off",
            ]
            if let threshold = rule.threshold {
                view["threshold"] =
                    [
                        "value": row.threshold.map(Self.plain) ?? "",
                        "min": Self.plain(threshold.range.lowerBound),
                        "max": Self.plain(threshold.range.upperBound),
                        "unit": threshold.unit.rawValue,
                        "shipped": threshold.standard.map(Self.plain) ?? "none",
                        // What nobody has said may stay unsaid.
                        "isNeeded": row.threshold != nil,
                    ] as View
            }
            if let state = states[rule.rawValue], row.isOn {
                view["state"] = state.isFiring ? "fires" : "quiet"
                view["isFiring"] = state.isFiring
                view["since"] = words.time(state.sinceMilliseconds / 1_000)
                view["checked"] = words.time(state.checkedMilliseconds / 1_000)
                view["told"] = state.notifiedMilliseconds.map { words.time($0 / 1_000) } ?? "never"
                view["text"] = state.text
            }
            return view
        }
    }

    /// A number as fields take it: `15`, `0.5`.
    static func plain(_ number: Double) -> String {
        number == number.rounded() && abs(number) < 1_000_000_000 ? "\(Int(number))" : "\(number)"
    }

    // MARK: The audit log

    /// What an entry changed, as `turns 2 → 3`.
    private static func change(
        _ before: [String: StoredValue]?,
        _ after: [String: StoredValue]?
    ) -> String {
        let (before, after) = (before ?? [:], after ?? [:])
        let names = Set(before.keys).union(after.keys).sorted()
        let changes = names.compactMap { name -> String? in
            let (old, new) = (word(before[name]), word(after[name]))
            return old == new ? nil : "\(name) \(old) → \(new)"
        }
        return String(changes.joined(separator: ", ").prefix(Self.changeMax))
    }

    /// Characters of a change that are shown.
    private static let changeMax = 160

    private static func word(_ value: StoredValue?) -> String {
        let text = text(value)
        return text.isEmpty ? "–" : text
    }
}
