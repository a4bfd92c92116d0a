package import JobQueue
package import Telemetry

/// The queues' figures as metrics.
package enum QueueMetrics {
    /// What was found of one queue.
    package struct Reading: Sendable {
        package var queue: QueueName

        /// Nil when the queue did not answer.
        package var figures: QueueFigures?

        /// Nil when the queue did not say it.
        package var pressure: PressureState?

        package init(
            queue: QueueName,
            figures: QueueFigures?,
            pressure: PressureState? = nil
        ) {
            self.queue = queue
            self.figures = figures
            self.pressure = pressure
        }
    }

    package static func families(_ readings: [Reading]) -> [MetricFamily] {
        let up = MetricFamily(
            name: "ringback_queue_up",
            help: "Whether the queue's figures could be read.",
            kind: .gauge,
            series: readings.map {
                MetricSeries($0.figures == nil ? 0 : 1, ("queue", $0.queue.text))
            }
        )
        let found = readings.compactMap { reading in
            reading.figures.map { (name: reading.queue.text, figures: $0) }
        }
        let lanes = MetricFamily(
            name: "ringback_queue_ready_jobs",
            help: "Jobs that could run now, by lane.",
            kind: .gauge,
            series: found.flatMap { queue in
                Lane.allCases.map { lane in
                    MetricSeries(
                        queue.figures.ready[lane] ?? 0,
                        ("queue", queue.name),
                        ("lane", lane.rawValue)
                    )
                }
            }
        )
        return [up, lanes]
            + pressure(
                readings.compactMap { reading in
                    reading.pressure.map { (name: reading.queue.text, state: $0) }
                }
            )
            + gauges.map { gauge in
                MetricFamily(
                    name: gauge.name,
                    help: gauge.help,
                    kind: .gauge,
                    series: found.map { MetricSeries(gauge.value($0.figures), ("queue", $0.name)) }
                )
            }
            + counters.map { counter in
                MetricFamily(
                    name: counter.name,
                    help: counter.help,
                    kind: .counter,
                    series: found.map {
                        MetricSeries($0.figures.counters[keyPath: counter.path], ("queue", $0.name))
                    }
                )
            }
    }

    /// What producers are told.
    private static func pressure(_ found: [(name: String, state: PressureState)]) -> [MetricFamily]
    {
        [
            MetricFamily(
                name: "ringback_queue_slow_down_seconds",
                help: "What producers are asked to wait; 0 below the soft marks.",
                kind: .gauge,
                series: found.map {
                    MetricSeries($0.state.slowDown.map(\.inSeconds) ?? 0, ("queue", $0.name))
                }
            ),
            MetricFamily(
                name: "ringback_queue_lane_refused",
                help: "Whether producers' jobs of the lane are refused, for the queue is full.",
                kind: .gauge,
                series: found.flatMap { queue in
                    Lane.allCases.map { lane in
                        MetricSeries(
                            queue.state.level.refuses(lane) ? 1 : 0,
                            ("queue", queue.name),
                            ("lane", lane.rawValue)
                        )
                    }
                }
            ),
        ]
    }

    private struct Gauge {
        var name: String
        var help: String
        var value: @Sendable (QueueFigures) -> Double
    }

    private struct Counter {
        var name: String
        var help: String
        var path: KeyPath<QueueCounters, Int>

        init(_ word: String, _ help: String, _ path: KeyPath<QueueCounters, Int>) {
            name = "ringback_queue_\(word)_total"
            self.help = help
            self.path = path
        }
    }

    private static var gauges: [Gauge] {
        [
            Gauge(name: "ringback_queue_suspect_jobs", help: "Jobs that wait to run alone.") {
                Double($0.suspects)
            },
            Gauge(name: "ringback_queue_running_jobs", help: "Jobs that workers hold.") {
                Double($0.running)
            },
            Gauge(name: "ringback_queue_later_jobs", help: "Jobs that are parked.") {
                Double($0.later)
            },
            Gauge(name: "ringback_queue_dead_jobs", help: "Jobs that were given up.") {
                Double($0.dead)
            },
            Gauge(
                name: "ringback_queue_oldest_ready_seconds",
                help: "Age of the oldest job that could run or is due; 0 when none waits."
            ) { figures in
                figures.oldestReady.map(\.inSeconds) ?? 0
            },
            Gauge(
                name: "ringback_queue_stalled",
                help: "Whether there is work and no worker alive, though nobody paused the queue."
            ) {
                $0.isStalled ? 1 : 0
            },
            Gauge(name: "ringback_queue_paused", help: "Whether fetching is stopped.") {
                $0.pause == nil ? 0 : 1
            },
            Gauge(name: "ringback_queue_workers", help: "Living worker processes.") {
                Double($0.workers)
            },
            Gauge(name: "ringback_queue_slots", help: "Jobs that they can run at once.") {
                Double($0.slots)
            },
        ]
    }

    private static var counters: [Counter] {
        [
            Counter("enqueued_jobs", "Jobs that were put in.", \.enqueued),
            Counter("fetched_jobs", "Jobs that workers took, repeats included.", \.fetched),
            Counter("succeeded_jobs", "Jobs that are done.", \.succeeded),
            Counter("failed_attempts", "Attempts that failed.", \.failed),
            Counter("retried_jobs", "Attempts that are made again.", \.retried),
            Counter("snoozed_jobs", "Jobs that were put off without counting.", \.snoozed),
            Counter("released_jobs", "Jobs that workers handed back.", \.released),
            Counter("discarded_jobs", "Jobs that left without a result.", \.discarded),
            Counter("died_jobs", "Jobs that were given up.", \.died),
            Counter("reaped_jobs", "Jobs taken back from workers that were gone.", \.reaped),
            Counter("graces", "Times when everybody had been away.", \.graces),
        ]
    }
}

extension Duration {
    fileprivate var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
