// swift-tools-version: 6.2

import PackageDescription

/// Settings of every Swift target: the strictest the language offers, and no warnings.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

// Third-party products, named once.

let argumentParser = Target.Dependency.product(
    name: "ArgumentParser",
    package: "swift-argument-parser"
)
let asyncAlgorithms = Target.Dependency.product(
    name: "AsyncAlgorithms",
    package: "swift-async-algorithms"
)
let configuration = Target.Dependency.product(
    name: "Configuration",
    package: "swift-configuration"
)
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let grdbSQLite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let hdrHistogram = Target.Dependency.product(name: "Histogram", package: "hdrhistogram-swift")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let metricsCore = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let mustache = Target.Dependency.product(name: "Mustache", package: "swift-mustache")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let serviceLifecycle = Target.Dependency.product(
    name: "ServiceLifecycle",
    package: "swift-service-lifecycle"
)
let unixSignals = Target.Dependency.product(
    name: "UnixSignals",
    package: "swift-service-lifecycle"
)
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

/// The engine: knows queues, workers and schedules, and nothing about calls.
let engine: [Target] = [
    .target(name: "CHiredis", linkerSettings: [.linkedLibrary("hiredis")]),
    .target(name: "Ambient", swiftSettings: strict),
    .target(
        name: "Telemetry",
        dependencies: [
            "Ambient", logging, metricsCore, nioCore, nioHTTP1, nioPosix,
        ],
        swiftSettings: strict
    ),
    .target(name: "Traces", dependencies: ["Ambient", logging], swiftSettings: strict),
    .target(name: "CZlib", linkerSettings: [.linkedLibrary("z")]),
    .target(name: "JobQueue", dependencies: ["Ambient", "CZlib"], swiftSettings: strict),
    .target(
        name: "RedisClient",
        dependencies: [
            "Ambient", "CHiredis", crypto, logging, nioCore, nioPosix, nioSSL,
        ],
        swiftSettings: strict
    ),
    .target(
        name: "RedisQueue",
        dependencies: ["Ambient", "JobQueue", "RedisClient", logging, nioCore],
        resources: [.embedInCode("Scripts")],
        swiftSettings: strict
    ),
    .target(
        name: "JobWorker",
        dependencies: [
            "Ambient", "JobQueue", "Telemetry", "Traces", logging, metrics,
        ],
        swiftSettings: strict
    ),
    .target(
        name: "Scheduling",
        dependencies: [
            "Ambient", "JobQueue", "Telemetry", "Traces", logging, metrics, yams,
        ],
        swiftSettings: strict
    ),
]

/// The adapters and general wrappers that the product adds to the engine.
let adapters: [Target] = [
    .target(name: "CCairo", linkerSettings: [.linkedLibrary("cairo")]),
    .target(name: "CCurl", linkerSettings: [.linkedLibrary("curl")]),
    .target(name: "CQRCode", linkerSettings: [.linkedLibrary("qrencode")]),
    .target(
        name: "CPhoneNumber",
        linkerSettings: [.linkedLibrary("phonenumber"), .linkedLibrary("stdc++")]
    ),
    .target(name: "HTTPClient", dependencies: ["Ambient", "CCurl"], swiftSettings: strict),
    .target(name: "Mail", dependencies: ["CCurl"], swiftSettings: strict),
    .target(
        name: "Definitions",
        resources: [.embedInCode("Texts")],
        swiftSettings: strict
    ),
    .target(name: "PhoneNumbers", dependencies: ["CPhoneNumber"], swiftSettings: strict),
    .target(
        name: "Settings",
        dependencies: ["Ambient", configuration, logging],
        swiftSettings: strict
    ),
    .target(
        name: "ElevenLabs",
        dependencies: [
            "Ambient", "HTTPClient", "JobQueue", crypto, logging,
        ],
        swiftSettings: strict
    ),
    .target(
        name: "CallStore",
        dependencies: [
            "Ambient", "CZlib", "Definitions", "JobQueue", "PhoneNumbers", "Traces", crypto, grdb,
            grdbSQLite, logging, metrics,
        ],
        resources: [.embedInCode("Migrations")],
        swiftSettings: strict
    ),
]

/// What Ringback does with calls: one target for each job kind, and what they share.
let product: [Target] = [
    .target(
        name: "CallJobs",
        dependencies: [
            "Ambient", "CallStore", "JobQueue", "JobWorker", "Scheduling", "Traces", logging,
        ],
        swiftSettings: strict
    ),
    .target(
        name: "Hosting",
        dependencies: [
            "Ambient", "CallJobs", "CallStore", "ElevenLabs", "HTTPClient", "JobQueue", "JobWorker",
            "RedisClient", "RedisQueue", "Settings", "Telemetry", "Traces", crypto, logging,
            nioCore, nioPosix, serviceLifecycle, unixSignals,
        ],
        swiftSettings: strict
    ),
    .target(
        name: "Sync",
        dependencies: [
            "Ambient", "CallJobs", "CallStore", "ElevenLabs", "JobQueue", "JobWorker",
            "PhoneNumbers",
            logging,
        ],
        swiftSettings: strict
    ),
    .target(
        name: "Attribution",
        dependencies: [
            "Ambient", "CallJobs", "CallStore", "JobQueue", "JobWorker", "PhoneNumbers", logging,
        ],
        swiftSettings: strict
    ),
    .target(
        name: "Conversion",
        dependencies: [
            "Ambient", "CallJobs", "CallStore", "JobQueue", "JobWorker", crypto, logging, yams,
        ],
        resources: [.embedInCode("Languages")],
        swiftSettings: strict
    ),
    .target(
        name: "Export",
        dependencies: [
            "Ambient", "CallJobs", "CallStore", "Definitions", "JobQueue", "JobWorker", crypto,
            logging,
        ],
        swiftSettings: strict
    ),
    .target(
        name: "Reports",
        dependencies: [
            "CallStore", "CCairo", "CQRCode", "Definitions", "PhoneNumbers", "Telemetry",
        ],
        swiftSettings: strict
    ),
    .target(
        name: "Delivery",
        dependencies: [
            "Ambient", "CallJobs", "CallStore", "HTTPClient", "JobQueue", "JobWorker", "Mail",
            "Settings", crypto, logging,
        ],
        swiftSettings: strict
    ),
    .target(
        name: "Upkeep",
        dependencies: [
            "Ambient", "CallJobs", "CallStore", "CZlib", "ElevenLabs", "JobQueue", "JobWorker",
            "PhoneNumbers", crypto, logging,
        ],
        swiftSettings: strict
    ),
    .target(
        name: "WebAPI",
        dependencies: [
            "Ambient", "Attribution", "CallJobs", "CallStore", "Conversion", "Definitions",
            "Delivery", "ElevenLabs", "Export", "JobQueue", "JobWorker", "PhoneNumbers", "Reports",
            "Scheduling", "Telemetry", "Traces", "Upkeep", crypto, hummingbird, logging, metrics,
            metricsCore, mustache, nioCore, nioPosix, serviceLifecycle,
            .product(name: "HummingbirdCore", package: "hummingbird"),
        ],
        swiftSettings: strict
    ),
]

/// The operator's command line and the supervision of a whole stack, but for their `main`.
let console: [Target] = [
    .target(name: "CProcess"),
    .target(name: "CClockShift"),
    .target(
        name: "Console",
        dependencies: [
            "Ambient", "Attribution", "CallJobs", "CallStore", "Conversion", "CProcess",
            "Definitions", "Delivery", "ElevenLabs", "Export", "Hosting", "HTTPClient", "JobQueue",
            "JobWorker",
            "PhoneNumbers", "RedisClient", "RedisQueue", "Reports", "Scheduling", "Settings",
            "Telemetry", "Traces", "Upkeep", argumentParser, crypto, hdrHistogram, logging, nioCore,
            nioPosix,
        ],
        swiftSettings: strict
    ),
]

/// One worker executable, in its folder under workers/.
func worker(_ kind: String, _ library: String, _ more: [Target.Dependency] = []) -> Target {
    .executableTarget(
        name: "worker-\(kind)",
        dependencies: ["Ambient", "CallJobs", "Hosting", "Settings", .byName(name: library)] + more,
        path: "workers/\(kind)",
        swiftSettings: strict
    )
}

let executables: [Target] = [
    worker("sync", "Sync", ["ElevenLabs", "PhoneNumbers"]),
    worker("attribution", "Attribution"),
    worker("conversion", "Conversion"),
    worker("export", "Export"),
    worker("upkeep", "Upkeep", ["Delivery", "HTTPClient"]),
    .executableTarget(
        name: "scheduler",
        dependencies: [
            "Ambient", "CallJobs", "CallStore", "Hosting", "JobQueue", "RedisQueue", "Scheduling",
            "Settings", "Telemetry", logging,
        ],
        swiftSettings: strict
    ),
    .executableTarget(
        name: "server",
        dependencies: [
            "Ambient", "CallJobs", "CallStore", "ElevenLabs", "Hosting", "Settings", "Telemetry",
            "WebAPI", logging,
        ],
        swiftSettings: strict
    ),
    .executableTarget(
        name: "ringback",
        dependencies: ["Ambient", "Console", "Hosting", argumentParser],
        swiftSettings: strict
    ),
    .target(
        name: "Simulator",
        dependencies: [
            "Ambient", "HTTPClient", crypto, hummingbird, logging, nioCore, serviceLifecycle,
        ],
        swiftSettings: strict
    ),
    .executableTarget(
        name: "elevenlabs-simulator",
        dependencies: [
            "Ambient", "HTTPClient", "Simulator", argumentParser, logging, serviceLifecycle,
            unixSignals,
        ],
        swiftSettings: strict
    ),
    .executableTarget(
        name: "ringback-bench",
        dependencies: [
            "Ambient", "Attribution", "CallJobs", "CallStore", "CHiredis", "Console", "ElevenLabs",
            "Export", "JobQueue", "JobWorker", "PhoneNumbers", "RedisClient", "RedisQueue",
            "Scheduling", "Telemetry", "TestSupport", "WebAPI", argumentParser, grdb,
            hdrHistogram, hummingbird, logging, nioCore, nioPosix,
            .product(name: "HummingbirdTesting", package: "hummingbird"),
        ],
        path: "Benchmarks",
        swiftSettings: strict
    ),
    .executableTarget(
        name: "ringback-chaos",
        dependencies: [
            "Ambient", "CallJobs", "CallStore", "JobQueue", "JobWorker", "RedisClient",
            "RedisQueue", "Scheduling", "TestSupport", argumentParser, grdb, logging, nioPosix,
        ],
        swiftSettings: strict
    ),
    .executableTarget(
        name: "ringback-fuzz",
        dependencies: [
            "Ambient", "Attribution", "Console", "Conversion", "ElevenLabs", "JobQueue",
            "PhoneNumbers", "RedisClient", "Scheduling", "TestSupport", argumentParser, nioCore,
        ],
        swiftSettings: strict
    ),
]

/// A test target under Tests/ that may use what it names and the test support.
func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(
        name: "\(name)Tests",
        dependencies: ["Ambient", "TestSupport"] + dependencies,
        swiftSettings: strict
    )
}

let testing: [Target] = [
    .target(
        name: "TestSupport",
        dependencies: [
            "Ambient", "JobQueue", "RedisClient", "RedisQueue", logging, nioCore, nioPosix,
        ],
        swiftSettings: strict
    ),
    tests("Telemetry", ["Telemetry", logging, metricsCore, nioCore, nioPosix]),
    tests("Traces", ["Traces", "Telemetry", logging]),
    tests("JobQueue", ["JobQueue"]),
    tests("RedisClient", ["RedisClient", nioCore, nioPosix, nioSSL, logging]),
    tests("RedisQueue", ["JobQueue", "RedisQueue", "RedisClient", nioCore, nioPosix, logging]),
    tests(
        "JobWorker",
        ["JobQueue", "JobWorker", "Scheduling", "Telemetry", "Traces", logging]
    ),
    tests(
        "Scheduling",
        ["JobQueue", "Scheduling", "RedisQueue", "RedisClient", logging, nioPosix]
    ),
    tests("Simulation", ["JobQueue", "JobWorker", "Scheduling", logging]),
    tests(
        "HTTPClient",
        [
            "HTTPClient", hummingbird, nioCore, nioPosix, nioHTTP1, nioSSL,
            .product(name: "HummingbirdHTTP2", package: "hummingbird"),
        ]
    ),
    tests("PhoneNumbers", ["PhoneNumbers"]),
    tests("Settings", ["Settings", logging]),
    tests("Hosting", ["Hosting", "Settings", "Telemetry", logging]),
    tests(
        "Console",
        [
            "Attribution", "CallJobs", "CallStore", "Console", "ElevenLabs", "Hosting", "JobQueue",
            "PhoneNumbers", "RedisClient", "RedisQueue", "Reports", "Settings", argumentParser,
            logging,
        ]
    ),
    tests("ElevenLabs", ["ElevenLabs", "HTTPClient", "JobQueue", crypto, hummingbird, logging]),
    tests(
        "CallStore",
        ["CallStore", "Definitions", "JobQueue", "PhoneNumbers", "Traces", grdb, logging]
    ),
    tests(
        "CallJobs",
        [
            "CallJobs", "CallStore", "JobQueue", "JobWorker", "RedisClient", "RedisQueue",
            "Scheduling", grdb, logging, nioPosix,
        ]
    ),
    tests(
        "Sync",
        [
            "CallJobs", "CallStore", "ElevenLabs", "JobQueue", "JobWorker", "PhoneNumbers", "Sync",
            logging,
        ]
    ),
    tests(
        "Attribution",
        [
            "Attribution", "CallJobs", "CallStore", "JobQueue", "JobWorker", "PhoneNumbers",
            logging,
        ]
    ),
    tests(
        "Conversion",
        [
            "CallJobs", "CallStore", "Conversion", "JobQueue", "JobWorker", "PhoneNumbers", grdb,
            logging, yams,
        ]
    ),
    tests(
        "Export",
        [
            "CallJobs", "CallStore", "Export", "JobQueue", "JobWorker", "PhoneNumbers", crypto,
            logging,
        ]
    ),
    tests("Reports", ["CallStore", "Definitions", "Reports"]),
    tests(
        "Delivery",
        [
            "CallJobs", "CallStore", "Delivery", "ElevenLabs", "HTTPClient", "JobQueue",
            "JobWorker", "Mail", "Upkeep", grdb, hummingbird, logging, nioCore, nioPosix,
        ]
    ),
    tests(
        "Upkeep",
        [
            "CallJobs", "CallStore", "JobQueue", "JobWorker", "PhoneNumbers", "Upkeep", grdb,
            logging,
        ]
    ),
    tests(
        "WebAPI",
        [
            "Attribution", "CallJobs", "CallStore", "Conversion", "ElevenLabs", "HTTPClient",
            "JobQueue", "PhoneNumbers", "Reports", "Telemetry", "Traces", "Upkeep", "WebAPI",
            crypto, grdb, hummingbird, logging,
            .product(name: "HummingbirdTesting", package: "hummingbird"),
        ]
    ),
    tests(
        "Simulator",
        [
            "elevenlabs-simulator", "HTTPClient", "PhoneNumbers", "Simulator", crypto, hummingbird,
            logging, nioCore, serviceLifecycle,
        ]
    ),
    tests(
        "EndToEnd",
        [
            "Attribution", "CallJobs", "CallStore", "Conversion", "ElevenLabs", "HTTPClient",
            "JobQueue", "JobWorker", "PhoneNumbers", "RedisClient", "RedisQueue", "Simulator",
            "Sync", "Telemetry", "Traces", "WebAPI", crypto, grdb, hummingbird, logging, nioCore,
            nioPosix, yams, .product(name: "HummingbirdTesting", package: "hummingbird"),
        ]
    ),
]

let package = Package(
    name: "ringback",
    products: [
        // Loaded into a server whose clock a test moves; nothing is linked with it.
        .library(name: "ClockShift", type: .dynamic, targets: ["CClockShift"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-async-algorithms", from: "1.1.4"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: engine + adapters + product + console + executables + testing,
    cxxLanguageStandard: .cxx17
)
