import TestSupport
import Testing

/// `styx dkg` as operators call it. Whole ceremonies: KeyCeremonyTests and Scripts/dkg.
@Suite struct DKGCommandTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func run(_ arguments: [String]) throws -> Program.Outcome {
        try Program.run(["dkg"] + arguments, in: directory.path)
    }

    @Test("what is missing is told, with the cure, before anything is sent")
    func missing() throws {
        let noKey = try run([])
        #expect(noKey.status == 1 && noKey.text.contains("styx: dkg: ") && noKey.text.contains("styx create enr"))
        let made = try Program.run(["create", "enr"], in: directory.path)
        #expect(made.status == 0)
        let noDefinition = try run([])
        #expect(noDefinition.status == 1 && noDefinition.text.contains("--definition-file"), "\(noDefinition.text)")
        #expect(!directory.names.contains { $0.contains(".styx-dkg") })
    }

    @Test(
        "a duration or a release that is none is refused", arguments: [["--timeout", "soon"], ["--compat", "v1.9"]])
    func usage(arguments: [String]) throws {
        let outcome = try run(arguments)
        #expect(outcome.status != 0 && outcome.text.contains(arguments[1]), "\(outcome.text)")
    }

    @Test("secrets stay out of what is told")
    func secrets() throws {
        let outcome = try run([
            "--keymanager-auth-token", "very-secret-token", "--keymanager-address", "http://u:pass@h",
        ])
        #expect(outcome.status == 1 && !outcome.text.contains("very-secret-token") && !outcome.text.contains("pass@"))
    }
}
