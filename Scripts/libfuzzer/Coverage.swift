import Glibc

// Hands one target to libFuzzer: `coverage TARGET [libFuzzer's arguments]`.

private let targets: [String: @Sendable ([UInt8]) -> String] = [
    "ssz": SSZFuzz.containers, "json": JSONFuzz.parser, "beacon-body": BeaconFuzz.body,
    "api-parameter": BeaconFuzz.parameter, "sse": BeaconFuzz.events,
]

/// The words of FuzzTarget.swift; here coverage tells inputs apart.
func outcome(_ body: () throws -> String) -> String {
    do { return try body() } catch { return "refused" }
}

func word(_ error: any Error) -> String { "refused" }

private typealias Callback = @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
private typealias Arguments = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<Int32>, _ arguments: UnsafeMutablePointer<Arguments>, _ callback: Callback
) -> Int32

private let target = targets[CommandLine.arguments.dropFirst().first ?? ""]

@main
struct Coverage {
    static func main() {
        guard target != nil else {
            print("usage: coverage \(targets.keys.sorted().joined(separator: "|")) [libFuzzer arguments]")
            exit(64)
        }
        // libFuzzer must not take the target for a folder.
        var count = CommandLine.argc - 1
        var arguments = CommandLine.unsafeArgv + 1
        arguments[0] = CommandLine.unsafeArgv[0]
        exit(
            runDriver(&count, &arguments, runOne))
    }
}

/// The linker wants this name.
@_cdecl("LLVMFuzzerTestOneInput")
func runOne(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    _ = target?(Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
}
