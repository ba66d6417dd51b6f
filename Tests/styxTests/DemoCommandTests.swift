import Dispatch
import TestSupport
import Testing

@Suite("styx demo")
struct DemoCommandTests {
    /// A process of its own, and slots of six seconds: it has to share the machine with other tests.
    @Test("a run of all duties ends well, with a line for each duty of each slot, and an exit")
    func allDuties() async throws {
        let directory = try TemporaryDirectory()
        let arguments = ["demo", "--validators", "4", "--slots", "2", "--slot-duration", "6s", "--plain"]
        let outcome = try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(with: Result { try Program.run(arguments, in: directory.path) })
            }
        }
        #expect(outcome.status == 0, "\(outcome.text)")
        for duty in ["proposer", "attester", "sync message", "exit"] {
            let lines = outcome.text.split(separator: "\n").filter { $0.contains("  \(duty) ") }
            #expect(lines.contains { $0.hasSuffix("✔") || $0.contains("✔ ") }, "\(duty)\n\(outcome.text)")
        }
    }

    @Test(
        "a place that cannot be written is named with its flag before anything runs",
        arguments: [
            (["--json", "none/x.json"], "demo: --json: write to none/: No such file or directory; make that"),
            (["--json", "taken"], "demo: --json: write taken: Is a directory; name the file in it"),
            (["--directory", "taken"], "demo: --directory: existing node directory found: taken/node0"),
        ])
    func places(arguments: [String], complaint: String) throws {
        let directory = try TemporaryDirectory()
        try directory.write("taken/node0/x", [])
        let names = directory.names
        let outcome = try Program.run(["demo", "--plain"] + arguments, in: directory.path)
        #expect(outcome.status == 1 && outcome.text.contains(complaint), "\(outcome.text)")
        #expect(directory.names == names)
    }

    @Test("monitoring ports must fit below 65536, one for each node", arguments: ["0", "65532", "-1"])
    func monitoringPorts(base: String) throws {
        let directory = try TemporaryDirectory()
        let outcome = try Program.run(
            ["demo", "--nodes", "4", "--monitoring-port-base=\(base)"], in: directory.path)
        #expect(outcome.status != 0 && directory.names.isEmpty)
        #expect(outcome.text.contains("--monitoring-port-base must be 1 to 65531"), "\(outcome.text)")
    }
}
