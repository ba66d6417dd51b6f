import Hummingbird
import ServiceLifecycle

extension ApplicationProtocol {
    /// Serves until cancelled or shut down gracefully.
    ///
    /// NIO traps if a server is cancelled at the instant a connection arrives. So this one runs in a task of its own,
    /// which never outlives this function, and cancelling us shuts it down gracefully.
    ///
    /// - Parameters:
    ///   - patience: for requests under way once it stops; without, they may take as long as they like.
    ///   - stopping: called, perhaps twice, when it stops: lets go of requests that wait.
    /// - Throws: if the address cannot be listened on.
    package func serve(patience: Duration? = nil, stopping: @escaping @Sendable () -> Void = {}) async throws {
        var configuration = ServiceGroupConfiguration(services: [self], logger: logger)
        configuration.maximumGracefulShutdownDuration = patience
        let services = ServiceGroup(configuration: configuration)
        let serving = Task { try await services.run() }
        let stop: @Sendable () -> Void = {
            stopping()
            Task { await services.triggerGracefulShutdown() }
        }
        try await withTaskCancellationHandler {
            try await withGracefulShutdownHandler {
                try await serving.value
            } onGracefulShutdown: {
                stop()
            }
        } onCancel: {
            stop()
        }
    }
}
