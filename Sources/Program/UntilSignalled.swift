import Logging
import ServiceLifecycle

/// Runs until SIGINT or SIGTERM, which cancel the work.
package func untilSignalled(logger: Logger, _ work: @escaping @Sendable () async throws -> Void) async throws {
    // It tells all about its services.
    var quiet = logger
    quiet.logLevel = max(logger.logLevel, .info)
    let group = ServiceGroup(
        configuration: .init(
            services: [.init(service: Work(run: work))], gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet))
    try await group.run()
}

private struct Work: Service {
    let work: @Sendable () async throws -> Void

    init(run work: @escaping @Sendable () async throws -> Void) { self.work = work }

    func run() async throws { try await cancelWhenGracefulShutdown { try await work() } }
}
