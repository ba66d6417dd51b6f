import Logging
import Program

/// A logger's way to the `LogHub`.
package struct HubLogHandler: LogHandler {
    private let topic: String
    private let hub: LogHub
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]

    package init(topic: String, hub: LogHub) {
        self.topic = topic
        self.hub = hub
        logLevel = hub.levelNeeded
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        hub.receive(LogRecord(event, topic: topic, metadata: metadata, at: SystemClock.now()))
    }
}
