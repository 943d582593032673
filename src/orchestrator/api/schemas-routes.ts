import { Type } from '@sinclair/typebox';
import { configJsonSchemas } from '../../config/index.ts';
import { NervesysError } from '../../platform/errors.ts';
import type { App } from './app.ts';

/** The JSON Schemas of the settings files as this orchestrator reads them, for editors: `# yaml-language-server: $schema=<url>/agent.schema.json`. */
export function schemasRoutes(app: App): void {
  app.get(
    '/api/v1/schemas/:name',
    {
      config: { open: true }, // they describe the product, not this installation
      schema: {
        tags: ['configuration'],
        summary: 'The JSON Schema of a settings file: agent.schema.json, storage.schema.json, …',
        security: [],
        params: Type.Object({ name: Type.String({ maxLength: 60 }) }),
        response: {
          200: {
            description: 'A JSON Schema',
            content: {
              'application/schema+json': { schema: Type.Unsafe<unknown>(Type.Record(Type.String(), Type.Unknown())) },
            },
          },
        },
      },
    },
    (request, reply) => {
      const { name } = request.params;
      const schemas = configJsonSchemas();
      if (!Object.hasOwn(schemas, name))
        throw new NervesysError(
          'NSV_NOT_FOUND',
          `there is no schema of this name; there are ${Object.keys(schemas).join(', ')}`,
        );
      return reply.type('application/schema+json').send(JSON.stringify(schemas[name]));
    },
  );
}
