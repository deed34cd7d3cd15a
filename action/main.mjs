// The main part of the action: finds the program, puts it on PATH for later steps,
// and runs it. Inputs reach it by the environment, as the runner has set it.
import { main } from './shim.mjs';

await main();
