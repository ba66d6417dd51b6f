/// One question about one target.
struct TestCase: Sendable {
    let name: String
    /// What it throws is why it failed.
    let run: @Sendable () async throws -> Finding

    init(_ name: String, _ run: @escaping @Sendable () async throws -> Finding) {
        self.name = name
        self.run = run
    }
}
