import DutyWorkflow
import Ethereum
import NIOCore
import PeerProtocols
import Program
import Storage

extension StyxNode {
    /// The workflow on its loop, with all that watches what it does.
    func driver(
        _ configuration: WorkflowConfiguration, _ effects: NodeEffects, _ tasks: OwnedTasks, _ journal: Journal,
        _ tracing: DutyTracing?, _ waits: CommitWaits?, _ clock: SlotClock, on loop: any EventLoop
    ) -> WorkflowDriver {
        let (identity, work) = (cluster.identity, monitoring.metrics.work)
        return WorkflowDriver(
            workflow: Workflow(
                configuration: configuration, sealPriorities: { PriorityCodec.seal($0, with: identity) },
                seal: { ConsensusCodec.seal($0, $1, with: identity) }), loop: loop,
            waits: waits,
            commit: { records, done in
                let traced = tracing?.watch(records)
                journal.commit(records) { result in
                    if case .failure(let error) = result { traced?(error) } else { traced?(nil) }
                    done(result.mapError { $0 })
                }
            },
            perform: { [live] effect, driver in
                live?.watch(effect)
                let ended = work.watch(effect, clock, now: SystemClock.now)
                let traced = tracing?.watch(effect)
                effects.perform(effect, tasks) { event in
                    ended(event)
                    traced?(event)
                    driver.post(event)
                }
            })
    }
}
