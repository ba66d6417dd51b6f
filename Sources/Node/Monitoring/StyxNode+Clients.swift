import Logging
import NIOPosix

/// Which clients run beside the node, where its operator lets it look.
extension StyxNode {
    private static let clientsEvery = Duration.seconds(15)

    /// Until cancelled.
    func watchClients() async {
        let directory = configuration.procDirectory
        guard !directory.isEmpty else { return }
        var isTold = false
        repeat {
            // Many small files: on no thread that others wait for.
            let found = try? await NIOThreadPool.singleton.runIfActive { ClientProcess.all(in: directory) }
            if let found {
                monitoring.metrics.api.note(found)
            } else if !isTold, !Task.isCancelled {
                isTold = true
                topic("stacksnipe").warning(
                    "cannot look for validator clients' processes",
                    metadata: ["directory": "\(directory)", "cure": "correct --proc-directory, or leave it out"])
            }
        } while (try? await Task.sleep(for: Self.clientsEvery)) != nil
    }
}
