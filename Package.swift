// swift-tools-version: 6.2
import PackageDescription

// The map of the house: ARCHITECTURE.md. A target imports only targets above it in this list.

let strict: [SwiftSetting] = [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]

/// Places in the code where a test has the process killed (`KillPoint`): in debug builds only.
let killPoints: [SwiftSetting] = [.define("STYX_KILL_POINTS", .when(configuration: .debug))]

let nio: Target.Dependency = .product(name: "NIO", package: "swift-nio")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let nioHTTP2: Target.Dependency = .product(name: "NIOHTTP2", package: "swift-nio-http2")
let nioHPACK: Target.Dependency = .product(name: "NIOHPACK", package: "swift-nio-http2")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let cryptoExtras: Target.Dependency = .product(name: "CryptoExtras", package: "swift-crypto")
let protobuf: Target.Dependency = .product(name: "SwiftProtobuf", package: "swift-protobuf")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let sqlite: Target.Dependency = .product(name: "GRDBSQLite", package: "GRDB.swift")
let httpClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let hummingbirdTLS: Target.Dependency = .product(name: "HummingbirdTLS", package: "hummingbird")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let certificates: Target.Dependency = .product(name: "X509", package: "swift-certificates")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let unixSignals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")

func module(
    _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = [], settings: [SwiftSetting] = []
) -> Target {
    .target(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: strict + settings)
}

/// Fixtures are read by path, relative to the test's own file.
func tests(
    _ target: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = [], settings: [SwiftSetting] = []
) -> Target {
    .testTarget(
        name: target + "Tests", dependencies: [.target(name: target), "TestSupport"] + dependencies,
        exclude: exclude, swiftSettings: strict + settings)
}

/// `STYX_ONLY=Libp2p,QBFT` limits a build to these targets, their tests and what they need: minutes instead of tens.
func limited(_ targets: [Target]) -> [Target] {
    guard let only = Context.environment["STYX_ONLY"], !only.isEmpty else { return targets }
    let byName = Dictionary(uniqueKeysWithValues: targets.map { ($0.name, $0) })
    var wanted: Set<String> = []
    var open = only.split(separator: ",").flatMap { ["\($0)Tests", "\($0)"] }
    while let name = open.popLast() {
        guard let target = byName[name], wanted.insert(name).inserted else { continue }
        for dependency in target.dependencies {
            switch dependency {
            case .byNameItem(let name, _), .targetItem(let name, _): open.append(name)
            default: break
            }
        }
    }
    return targets.filter { wanted.contains($0.name) }
}

/// The commit of a release, for `styx version` and peers. C alone takes a value from outside, and only the release scripts
/// give it: it would make every commit's first build a whole one.
func buildInfo() -> Target {
    let hash = Context.environment["STYX_GIT_HASH"] ?? ""
    let isHash = hash.count == 7 && hash.allSatisfy { $0.isHexDigit && !$0.isUppercase }
    return .target(
        name: "CBuildInfo", cSettings: isHash ? [.define("STYX_GIT_HASH", to: "\"\(hash)\"")] : [])
}

let isLimited = Context.environment["STYX_ONLY"]?.isEmpty == false

let package = Package(
    name: "styx",
    products: isLimited ? [] : [.executable(name: "styx", targets: ["styx"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-protobuf", exact: "1.39.0"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/apple/swift-nio-http2", exact: "1.46.0"),
        // Tests make certificates with it.
        .package(url: "https://github.com/apple/swift-certificates", exact: "1.21.1"),
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
        // Configuration files.
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
    ],
    targets: limited([
        // C libraries. CBlst is made by Scripts/setup from a source archive pinned by hash.
        .binaryTarget(name: "CBlst", path: ".deps/CBlst.artifactbundle"),
        .systemLibrary(name: "CSecp256k1", pkgConfig: "libsecp256k1", providers: [.apt(["libsecp256k1-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

        buildInfo(),

        // No I/O.
        module("Timing", []),
        module("Prometheus", []),
        module("SSZ", ["CBlst"]),
        module("BLS", ["CBlst", "SSZ"]),
        module("Secp256k1", ["CSecp256k1", "SSZ"]),
        module("QBFT", ["SSZ"]),
        module("Ethereum", ["SSZ"]),
        module("BeaconAPI", ["Ethereum"]),
        module("Cluster", ["Ethereum", "BLS", "Secp256k1", crypto, cryptoExtras]),
        module("DKG", ["BLS", "Secp256k1", "SSZ", "Ethereum", "Cluster", "Timing", crypto]),
        module("DutyWorkflow", ["Ethereum", "QBFT", "Timing"]),
        module("Doctor", ["Cluster", "DutyWorkflow", "Prometheus"]),
        module("Traces", ["Ethereum", "DutyWorkflow", "SSZ", "Timing"]),
        module("Views", ["DutyWorkflow"]),

        // Shells.
        module("Program", ["CBuildInfo", "Ethereum", lifecycle, nioCore, nioPosix, logging]),
        module("HTTPServing", [hummingbird, lifecycle]),
        module("Libp2p", ["Program", "Secp256k1", "Timing", nioCore, nioPosix, crypto, logging]),
        module(
            "PeerProtocols", ["Libp2p", "DutyWorkflow", "Secp256k1", "Timing", protobuf, logging],
            exclude: ["Proto/core.proto", "Proto/consensus.proto", "Proto/peerinfo.proto", "Proto/priority.proto"]),
        module(
            "BeaconClient", ["BeaconAPI", "Program", "Timing", httpClient, nioCore, nioPosix, nioHTTP1, logging]),
        module(
            "ValidatorAPI",
            [
                "BeaconAPI", "DutyWorkflow", "HTTPServing", hummingbird, hummingbirdTLS, nioSSL, nioCore, nioPosix,
                nioHTTP1, logging,
            ]),
        module(
            "KeymanagerAPI",
            [
                "Ethereum", "ValidatorAPI", "HTTPServing", "Timing", hummingbird, hummingbirdTLS, nioCore, logging,
            ]),
        module("Storage", ["DutyWorkflow", grdb, logging], settings: killPoints),
        module(
            "ClusterSetup",
            ["Cluster", "Libp2p", "Program", "CZlib", httpClient, nioCore, nioPosix, nioHTTP1, nioSSL]),
        module("Cosigning", ["Cluster", "ClusterSetup", "BeaconClient", logging]),
        module(
            "RemoteSigner",
            ["DutyWorkflow", "ClusterSetup", "Timing", httpClient, nioCore, nioPosix, nioHTTP1, nioSSL, logging]),
        module(
            "OTLP",
            [
                "Ethereum", "Program", "Traces", "Timing", protobuf, nioCore, nioPosix, nioHTTP2, nioHPACK, nioSSL,
                logging,
            ],
            exclude: ["Proto/trace.proto"]),
        module("Monitoring", ["HTTPServing", "CZlib", hummingbird, nioCore, logging]),
        module(
            "Node",
            [
                "BLS", "Cluster", "DutyWorkflow", "Libp2p", "PeerProtocols", "BeaconClient", "ValidatorAPI", "Storage",
                "Monitoring", "ClusterSetup", "Cosigning", "RemoteSigner", "KeymanagerAPI", "Timing", "Program",
                "Prometheus", "Doctor", "Traces", "OTLP", "Views",
                httpClient, nioCore, nioPosix, logging,
            ], settings: killPoints),

        module(
            "KeyCeremony",
            [
                "DKG", "Node", "Cluster", "ClusterSetup", "Ethereum", "Libp2p", "Program", "SSZ", "Secp256k1", "BLS",
                "Timing", nioCore, nioPosix, crypto, logging,
            ]),
        module(
            "LogSinks",
            ["Cluster", "ClusterSetup", "Ethereum", "Libp2p", "Program", "Timing", "CZlib", nioCore, logging]),

        // Programs.
        module(
            "Relay",
            [
                "Cluster", "Libp2p", "PeerProtocols", "Program", "Monitoring", "SSZ", "Secp256k1", nioCore, nioPosix,
                logging,
            ]),
        module(
            "Diagnostics",
            [
                "Node", "Cluster", "ClusterSetup", "Libp2p", "Program", "SSZ", "Secp256k1", nioCore, nioPosix,
                nioHTTP1, logging,
            ]),
        module("Demo", ["Node", "Program", "HTTPServing", hummingbird, nioCore]),
        .executableTarget(
            name: "styx",
            dependencies: [
                "Node", "Relay", "Demo", "Diagnostics", "KeyCeremony", "LogSinks", "Program", "Cluster", "ClusterSetup",
                "Cosigning", "Libp2p", "Storage", "Doctor", "Views", arguments, logging, unixSignals, yams,
            ],
            swiftSettings: strict),
        module("Simulation", ["DutyWorkflow", "Timing"]),
        // Every order of events, and many seeds.
        module("Exploration", ["QBFT", "DutyWorkflow", "Simulation", "Timing"]),
        .executableTarget(
            name: "styx-explore", dependencies: ["Exploration", "Simulation"], path: "Sources/Explore",
            swiftSettings: strict),
        .executableTarget(
            name: "styx-benchmarks",
            dependencies: [
                "Demo", "Program", "Simulation", "BLS", "Storage", "Libp2p", "Cluster", "ClusterSetup", "RemoteSigner",
                "HTTPServing", "LogSinks", "Traces", nioCore, nioPosix, hummingbird, logging, arguments,
            ],
            path: "Sources/Benchmarks",
            swiftSettings: strict),

        // Nodes that are killed at any moment, and whether they ever contradict themselves.
        module(
            "KillMatrix",
            [
                "Demo", "Node", "PeerProtocols", "Libp2p", "Program", "Cluster", "BeaconClient", "DutyWorkflow",
                "Storage", "BLS", "Secp256k1", "QBFT", "Timing", nioCore, nioPosix, logging,
            ], settings: killPoints),
        .executableTarget(
            name: "styx-kill-matrix", dependencies: ["KillMatrix", "Program", arguments],
            path: "Sources/KillMatrixProgram", swiftSettings: strict),

        // Every decoder under arbitrary bytes.
        module(
            "FuzzTargets",
            [
                "SSZ", "BLS", "Secp256k1", "QBFT", "Ethereum", "BeaconAPI", "Cluster", "DutyWorkflow", "DKG", "Libp2p",
                "PeerProtocols", "RemoteSigner", "Storage", "Program", "Node", "Timing", nioCore, crypto,
            ]),
        .executableTarget(
            name: "styx-fuzz", dependencies: ["FuzzTargets", arguments], path: "Sources/Fuzz", swiftSettings: strict),

        // Tests.
        .target(
            name: "TestSupport", dependencies: ["SSZ", "Ethereum", "Timing"], path: "Tests/TestSupport",
            swiftSettings: strict),
        .target(
            name: "BeaconTestSupport",
            dependencies: [
                "TestSupport", "BeaconClient", "HTTPServing", hummingbird, hummingbirdTLS, nioCore, nioPosix, nioSSL,
                certificates, crypto, logging,
            ],
            path: "Tests/BeaconTestSupport", swiftSettings: strict),
        .target(
            name: "ClusterTestSupport",
            dependencies: ["TestSupport", "BeaconTestSupport", "Cluster", "BeaconAPI"],
            path: "Tests/ClusterTestSupport", swiftSettings: strict),
        tests("Timing"),
        tests("Prometheus"),
        tests("SSZ", exclude: ["Fixtures"]),
        tests("BLS", exclude: ["Fixtures"]),
        tests("Secp256k1"),
        tests("QBFT", ["Timing"]),
        tests("Ethereum", exclude: ["Fixtures"]),
        tests("BeaconAPI"),
        tests("Cluster"),
        tests("DKG", ["CZlib", crypto], exclude: ["Fixtures"]),
        tests("DutyWorkflow"),
        tests("Doctor", ["DutyWorkflow", "Prometheus"]),
        tests("Traces"),
        tests("Views", exclude: ["Fixtures"]),
        tests("Libp2p"),
        tests("PeerProtocols", ["BLS", "Cluster", nioCore, nioEmbedded]),
        tests("Program", [nioCore]),
        tests("HTTPServing", [hummingbird, httpClient, nioCore]),
        tests("BeaconClient", ["BeaconTestSupport", nioCore, nioPosix]),
        tests("ValidatorAPI", ["BeaconTestSupport", httpClient, nioCore, nioPosix, nioSSL]),
        tests("KeymanagerAPI", [httpClient, nioCore, logging]),
        tests("Storage", [sqlite], exclude: ["Fixtures"]),
        tests("ClusterSetup", ["Cluster", "HTTPServing", hummingbird, nioCore]),
        tests("Cosigning", ["ClusterTestSupport", nioSSL, logging]),
        tests(
            "RemoteSigner",
            [
                "BLS", "HTTPServing", hummingbird, hummingbirdTLS, nioCore, nioPosix, nioSSL, certificates, crypto,
                logging,
            ]),
        tests(
            "OTLP", ["Traces", nioCore, nioPosix, nioHTTP2, nioHPACK, nioSSL, certificates, crypto, logging]),
        tests(
            "LogSinks",
            ["ClusterSetup", "CZlib", "Ethereum", "HTTPServing", "Program", "SSZ", hummingbird, nioCore, logging]),
        tests("Monitoring", ["BeaconTestSupport", httpClient, nioCore, logging]),
        tests(
            "Node", ["BeaconTestSupport", "ClusterTestSupport", httpClient, nioCore, nioPosix], exclude: ["Fixtures"]),
        tests(
            "Relay",
            ["Cluster", "Libp2p", "PeerProtocols", "Program", "Secp256k1", "SSZ", httpClient, nioCore, logging]),
        tests("Diagnostics", ["BeaconTestSupport", nioCore, nioPosix, logging], exclude: ["Fixtures"]),
        tests("KeyCeremony", ["DKG", "Relay", "Libp2p", "Cluster", "Secp256k1", nioCore, logging]),
        tests("Demo"),
        tests(
            "styx", ["Cluster", "ClusterTestSupport", "Libp2p", "Secp256k1", "Storage", "Timing", arguments, logging]),
        tests("Simulation"),
        tests("KillMatrix", settings: killPoints),
        tests("Exploration"),
        .testTarget(
            name: "FuzzTests", dependencies: ["FuzzTargets", "DutyWorkflow", "PeerProtocols", "Node"],
            exclude: ["Corpus"], swiftSettings: strict),
        .testTarget(name: "TidyTests", swiftSettings: strict),
    ])
)

/// Whether anything has to be fetched: what does no I/O builds without.
let needsPackages = package.targets.contains { target in
    target.dependencies.contains { if case .productItem = $0 { true } else { false } }
}
if isLimited, !needsPackages { package.dependencies = [] }
