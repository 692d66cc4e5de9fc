// What programs do with @kubernetes/client-node: create, keep a cache by an informer through a
// rolling update and a 410, patch, follow a log. Talks with the test over standard input and output.
import { pathToFileURL } from 'node:url';
import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';

const [modules, kubeconfig] = process.argv.slice(2);
const k8s = await import(
  pathToFileURL(`${modules}/node_modules/@kubernetes/client-node/dist/index.js`));
const config = new k8s.KubeConfig();
config.loadFromFile(kubeconfig);
const apps = config.makeApiClient(k8s.AppsV1Api);
const core = config.makeApiClient(k8s.CoreV1Api);
const input = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const namespace = 'default';
const labels = { app: 'web' };

const say = line => console.log(line);
const ask = async line => { say(line); return (await input.next()).value; };
async function until(what, holds) {
  for (let i = 0; i < 600; i++) {
    if (await holds()) { say(`ok ${what}`); return; }
    await new Promise(done => setTimeout(done, 50));
  }
  say(`never ${what}`);
  process.exit(1);
}

const ready = pod => (pod.status.conditions ?? [])
  .some(c => c.type === 'Ready' && c.status === 'True');
const image = pod => pod.spec.containers[0].image;

await apps.createNamespacedDeployment({ namespace, body: {
  metadata: { name: 'web' },
  spec: { replicas: 3, selector: { matchLabels: labels }, template: {
    metadata: { labels }, spec: { containers: [{ name: 'nginx', image: 'nginx:1.27' }] } } },
} });

const list = () => core.listNamespacedPod({ namespace });
const informer = k8s.makeInformer(config, '/api/v1/namespaces/default/pods', list);
const counts = { add: 0, update: 0, delete: 0, error: 0 };
for (const event of Object.keys(counts)) {
  informer.on(event, problem => {
    counts[event]++;
    if (event === 'error') { setTimeout(() => informer.start(), 100); }
  });
}
await informer.start();
const all = holds => () => {
  const pods = informer.list(namespace);
  return pods.length === 3 && pods.every(holds);
};
await until('three ready', all(ready));

await apps.patchNamespacedDeployment({ name: 'web', namespace, body: {
  spec: { template: { spec: { containers: [{ name: 'nginx', image: 'nginx:1.28' }] } } },
} }, k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.StrategicMergePatch));
await until('rolled over', all(pod => ready(pod) && image(pod) === 'nginx:1.28'));
say(`deleted ${counts.delete}`);

await ask('compact');
const old = await new Promise(done => new k8s.Watch(config).watch('/api/v1/pods',
  { resourceVersion: '1' }, (type, object) => done(`${type} ${object.code}`),
  problem => done(`${problem}`)));
say(`old ${old}`);

await ask('rewind');
await until('same after a rewind', async () => {
  const names = pods => pods.map(pod => `${pod.metadata.name} ${image(pod)}`).sort().join();
  return names((await list()).items) === names(informer.list(namespace));
});
await until('rolled over again', all(pod => ready(pod) && image(pod) === 'nginx:1.28'));

await core.createNamespacedPod({ namespace, body: { metadata: { name: 'talk' }, spec: {
  containers: [{ name: 'main', image: 'busybox', command: ['sh', '-c',
    'while true; do echo hello; sleep 1; done'] }] } } });
await until('talk runs', () => informer.list(namespace).some(
  pod => pod.metadata.name === 'talk' && ready(pod)));
const out = new PassThrough();
let told = '';
out.on('data', bytes => { told += bytes; });
const following = await new k8s.Log(config).log(namespace, 'talk', 'main', out, { follow: true });
await until('log follows', () => told.split('hello').length > 3);
following.abort();
await informer.stop();
say('end');
process.exit(0);
