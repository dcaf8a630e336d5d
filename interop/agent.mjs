// A wallet of others: Credo, with Node's own keys and a store in memory, so that nothing native is fetched or built.
import 'reflect-metadata'
import {
  Agent, ConsoleLogger, InjectionSymbols, JsonTransformer, Kms, LogLevel, RecordDuplicateError, RecordNotFoundError,
  StorageVersionRecord, X509Module,
} from '@credo-ts/core'
import { agentDependencies, NodeInMemoryKeyManagementStorage, NodeKeyManagementService } from '@credo-ts/node'
import { OpenId4VcModule } from '@credo-ts/openid4vc'

/** Credo's storage interface over one map; a query is a tree of $and, $or and equal tags. */
class Records {
  #kept = new Map()

  #revived({ id, tags, json }, Class) {
    const record = JsonTransformer.fromJSON(structuredClone(json), Class)
    record.id = id
    record.replaceTags(tags)
    return record
  }

  #keep(record) {
    record.updatedAt = new Date()
    const { _tags, ...json } = JsonTransformer.toJSON(record)
    this.#kept.set(record.id, { id: record.id, type: record.type, tags: record.getTags(), json })
  }

  #found(id, type) {
    const kept = this.#kept.get(id)
    if (!kept) throw new RecordNotFoundError(`no record ${id}`, { recordType: type })
    return kept
  }

  #fits(kept, { $and: all = [], $or: any, ...tags }) {
    const same = ([name, wanted]) =>
      wanted === undefined || (Array.isArray(wanted) ? wanted.every((one) => kept.tags[name]?.includes?.(one)) : kept.tags[name] === wanted)
    return Object.entries(tags).every(same) && all.every((one) => this.#fits(kept, one)) && (!any || any.some((one) => this.#fits(kept, one)))
  }

  supportsLocking() { return true }
  async begin(context) {
    await this.save(context, new StorageVersionRecord({ storageVersion: StorageVersionRecord.frameworkStorageVersion }))
  }
  async save(_context, record) {
    if (this.#kept.has(record.id)) throw new RecordDuplicateError('a record of this id is kept', { recordType: record.type })
    this.#keep(record)
  }
  async update(_context, record) { this.#found(record.id, record.type); this.#keep(record) }
  async delete(_context, record) { this.#found(record.id, record.type); this.#kept.delete(record.id) }
  async deleteById(_context, Class, id) { this.#found(id, Class.type); this.#kept.delete(id) }
  async getById(_context, Class, id) { return this.#revived(this.#found(id, Class.type), Class) }
  async getAll(_context, Class) { return [...this.#kept.values()].filter(({ type }) => type === Class.type).map((kept) => this.#revived(kept, Class)) }
  async findByQuery(_context, Class, query, { offset = 0, limit } = {}) {
    const found = [...this.#kept.values()].filter((kept) => kept.type === Class.type && this.#fits(kept, query))
    return found.slice(offset, limit === undefined ? undefined : offset + limit).map((kept) => this.#revived(kept, Class))
  }
  async updateByIdWithLock(context, Class, id, change) {
    const record = await change(await this.getById(context, Class, id))
    await this.update(context, record)
    return record
  }
}

class RecordsModule {
  records = new Records()
  register(manager) {
    manager.registerInstance(InjectionSymbols.StorageService, this.records)
    manager.resolve(Kms.KeyManagementModuleConfig).registerBackend(new NodeKeyManagementService(new NodeInMemoryKeyManagementStorage()))
  }
}

/** A Credo wallet that trusts these roots, in PEM; with another module also an issuer or verifier. Desks on the loopback are reached in plain. */
export async function wallet(roots, openid4vc = new OpenId4VcModule()) {
  const agent = new Agent({
    config: { label: 'wallet', allowInsecureHttpUrls: true, autoUpdateStorageOnStartup: false, logger: new ConsoleLogger(process.env.CREDO_LOG ? LogLevel[process.env.CREDO_LOG] : LogLevel.off) },
    modules: { x509: new X509Module({ trustedCertificates: roots }), records: new RecordsModule(), openid4vc },
    dependencies: agentDependencies,
  })
  await agent.dependencyManager.resolve(InjectionSymbols.StorageService).begin(agent.context)
  await agent.initialize()
  return agent
}

/** A new P-256 key of a wallet. */
export async function newKey(agent) {
  const { publicJwk } = await agent.kms.createKey({ type: { kty: 'EC', crv: 'P-256' } })
  return Kms.PublicJwk.fromPublicJwk(publicJwk)
}
