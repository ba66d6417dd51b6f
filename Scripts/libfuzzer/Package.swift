// swift-tools-version: 6.2
import PackageDescription

// The decoders without dependencies, instrumented for libFuzzer. Scripts/fuzz --libfuzzer puts the sources beside it.
let package = Package(
    name: "styx",
    targets: [
        .binaryTarget(name: "CBlst", path: ".deps/CBlst.artifactbundle"),
        .target(name: "SSZ", dependencies: ["CBlst"]),
        .target(name: "Ethereum", dependencies: ["SSZ"]),
        .target(name: "BeaconAPI", dependencies: ["Ethereum"]),
        .executableTarget(name: "coverage", dependencies: ["BeaconAPI", "Ethereum", "SSZ"]),
    ]
)
