// Written by `make docs` from benchrace/api; do not edit.

export type * from './artifacts';
export type * from './config';
export type * from './engines';
export type * from './errors';
export type * from './events';
export type * from './kinds';
export type * from './machines';
export type * from './models';
export type * from './plugin';
export type * from './prompts';
export type * from './protocol';
export type * from './run';
export type * from './runs';
export type * from './service';
export type * from './session';
export type * from './stats';
export type * from './store';
export type * from './telemetry';
